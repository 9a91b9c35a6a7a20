/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config-file: lines (see config-file.h).
 *
 * Invariant: libinih sees one whole line at a time, which fits, has no control character
 * and no comment; what it does not hand back is a mistake.
 */
#include "msfd/config-file.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include <ini.h>

#define MISTAKES_MAX 100u
#define BYTES_MAX    (16u << 20)
#define TEXT_MAX     512u

/* Stands for ':' in a key until libinih has found the '='. */
#define COLON '\1'

void config_file_refuse(struct config_file *file, unsigned int line, const char *format,
			...)
{
	char text[TEXT_MAX];
	size_t len;
	va_list args;

	if (file->n_mistakes++ >= MISTAKES_MAX)
		return;
	len = (size_t)snprintf(text, sizeof(text), "%.255s:%u: ", file->path,
			       line ? line : file->line);
	va_start(args, format);
	vsnprintf(text + len, sizeof(text) - len, format, args);
	va_end(args);
	file->say(file->say_context, text);
	if (file->n_mistakes == MISTAKES_MAX)
		file->say(file->say_context, "and so on");
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* One line without its end; -ERANGE: it does not fit, and has been skipped. */
static int fetch_line(struct config_file *file, char *buffer, size_t size, size_t *ret)
{
	size_t len = 0;
	int c;

	while ((c = getc(file->stream)) != EOF && c != '\n') {
		if (++file->n_bytes > BYTES_MAX)
			return -EFBIG;
		if (len < size)
			buffer[len++] = (char)c;
	}
	if (c == EOF && ferror(file->stream))
		return -EIO;
	if (c == EOF && !len)
		return -ENODATA;
	file->line++;
	if (len == size)
		return -ERANGE;
	buffer[len] = '\0';
	*ret = len;
	return 0;
}

/* NUL among them. */
static bool has_controls(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (line[i] != '\t' && iscntrl((unsigned char)line[i]))
			return true;
	return false;
}

/* Behind a blank or at the beginning. */
static void cut_comment(char *line)
{
	for (char *c = line; *c; c++) {
		if ((*c == ';' || *c == '#') && (c == line || is_blank(c[-1]))) {
			*c = '\0';
			return;
		}
	}
}

static void cut_blanks(char *line)
{
	size_t len = strlen(line);

	while (len && is_blank(line[len - 1]))
		line[--len] = '\0';
}

static void open_section(struct config_file *file, char *line)
{
	size_t len = strlen(line);

	file->has_key = false;
	if (line[len - 1] != ']') {
		config_file_refuse(file, 0, "a section without ']' at its end");
		return;
	}
	line[len - 1] = '\0';
	file->open(file->context, line + 1);
	line[len - 1] = ']';
}

static void hide_colons(char *line)
{
	char *end = strchr(line, '=');

	for (char *c = line; end && c < end; c++)
		if (*c == ':')
			*c = COLON;
}

static void prepare_line(struct config_file *file, char *line)
{
	cut_comment(line);
	cut_blanks(line);
	file->is_awaiting = *line && *line != '[';
	file->is_more = file->has_key && is_blank(*line);
	if (*line == '[')
		open_section(file, line);
	else if (!file->is_more)
		hide_colons(line);
}

static size_t get_mark_length(const struct config_file *file, const char *line)
{
	static const char mark[] = "\xef\xbb\xbf"; /* the byte order mark of UTF-8 */
	const size_t len = sizeof(mark) - 1;

	return file->line == 1 && strncmp(line, mark, len) == 0 ? len : 0;
}

/* What a mistake stands in is an empty line for libinih. */
static void take_line(struct config_file *file, char *line, size_t len)
{
	size_t mark_len = get_mark_length(file, line);

	if (mark_len && len >= mark_len) {
		len -= mark_len;
		memmove(line, line + mark_len, len + 1);
	}
	if (len && line[len - 1] == '\r')
		line[--len] = '\0';
	if (has_controls(line, len)) {
		config_file_refuse(file, 0, "a control character");
		*line = '\0';
		return;
	}
	prepare_line(file, line);
}

static void miss_value(struct config_file *file)
{
	if (file->is_awaiting)
		config_file_refuse(file, 0, "neither [SECTION] nor KEY = VALUE");
	file->is_awaiting = false;
}

/* As fgets(), for libinih. */
static char *read_line(char *buffer, int size, void *stream)
{
	struct config_file *file = stream;
	size_t len = 0;
	int r;

	miss_value(file);
	r = file->error ? file->error : fetch_line(file, buffer, (size_t)size - 1, &len);
	if (r == -ERANGE) {
		config_file_refuse(file, 0,
				   "a line is longer than %d characters: go on in "
				   "another that begins with a blank",
				   size - 2);
		*buffer = '\0';
	} else if (r < 0) {
		file->error = r;
		return NULL;
	} else {
		take_line(file, buffer, len);
	}
	return buffer;
}

static int take_value(void *context, const char *section, const char *name,
		      const char *value)
{
	struct config_file *file = context;
	char key[CONFIG_FILE_KEY_MAX];

	(void)section; /* cut, if it is long */
	file->is_awaiting = false;
	file->has_key = true;
	snprintf(key, sizeof(key), "%s", name);
	for (char *c = key; *c; c++)
		if (*c == COLON)
			*c = ':';
	file->take(file->context, key, value ? value : "", file->is_more);
	return 1;
}

int config_file_read(struct config_file *file)
{
	file->stream = fopen(file->path, "re");
	if (!file->stream)
		return -errno;
	errno = 0;
	if (ini_parse_stream(read_line, file, take_value, file) == -2)
		file->error = -ENOMEM;
	if (file->error == -EIO && errno)
		file->error = -errno;
	fclose(file->stream);
	if (file->error && file->error != -ENODATA)
		return file->error;
	return file->n_mistakes ? -EINVAL : 0;
}
