/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * msfctl table: the error table, which is the contract of libmsf (RFC 3678 4.1.3), and
 * what the running kernel does where it is asked without the library.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <sys/utsname.h>

#include <msf.h>

#include "columns.h"
#include "isolate.h"
#include "jsonline.h"
#include "options.h"
#include "output.h"
#include "standard.h"
#include "table-kernel.h"
#include "verb.h"

struct table_options {
	int is_kernel;
	int is_json;
	int is_csv;
	enum msf_semantics semantics;
};

/* One line of any form. kernel: NULL where it was not asked, or had no answer. */
struct line {
	struct msf_table_row row;
	const struct table_kernel_row *kernel;
};

static const char *error_name(int error)
{
	const char *name = error ? strerrorname_np(error) : "0";

	return name ? name : "unknown";
}

static const char *family_name(const struct table_kernel_row *row)
{
	if (row->is_deviating[0] && row->is_deviating[1])
		return "both";
	return row->is_deviating[1] ? "ipv6" : "ipv4";
}

static int get_line(enum msf_semantics semantics, const struct table_kernel *kernel,
		    unsigned int i, struct line *ret)
{
	ret->kernel = NULL;
	if (kernel && kernel->rows[i].n_cases)
		ret->kernel = &kernel->rows[i];
	return msf_table_get_row(semantics, i, &ret->row);
}

/* RFC 4180: what would be read as more than one field is quoted. */
static void print_field(const char *text, const char *end)
{
	if (!strpbrk(text, ",\"\r\n")) {
		printf("%s%s", text, end);
		return;
	}
	putchar('"');
	for (; *text; text++)
		printf(*text == '"' ? "\"%c" : "%c", *text);
	printf("\"%s", end);
}

static int print_csv(const struct table_options *options,
		     const struct table_kernel *kernel)
{
	struct line line;

	errno = 0;
	printf("state,request,argument,errno,next_state,authority%s\n",
	       kernel ? ",kernel_errno,kernel_state" : "");
	for (unsigned int i = 0; !get_line(options->semantics, kernel, i, &line); i++) {
		print_field(line.row.state, ",");
		print_field(line.row.request, ",");
		print_field(line.row.argument, ",");
		print_field(error_name(line.row.error), ",");
		print_field(line.row.next_state, ",");
		print_field(line.row.authority, kernel ? "," : "\n");
		if (kernel) {
			print_field(line.kernel ? error_name(line.kernel->error) : "",
				    ",");
			print_field(line.kernel ? line.kernel->state : "", "\n");
		}
	}
	if (fflush(stdout) == EOF || ferror(stdout))
		return errno ? -errno : -EIO;
	return 0;
}

/* The facts of the kernel behind those of the contract. */
static int add_kernel(json_t *object, const struct table_kernel_row *row)
{
	json_t *more;

	if (!row)
		return json_object_update_new(
			object, json_pack("{s:n, s:n}", "kernel_errno", "kernel_state"));
	more = json_pack("{s:s, s:s, s:b, s:s, s:i, s:i, s:i}", "kernel_errno",
			 error_name(row->error), "kernel_state", row->state, "deviates",
			 row->n_deviating > 0, "case", row->when, "cases", row->n_cases,
			 "deviating", row->n_deviating, "unreached", row->n_unreached);
	if (more && row->n_deviating)
		json_object_set_new(more, "family", json_string(family_name(row)));
	return json_object_update_new(object, more);
}

static json_t *build_object(const struct line *line)
{
	json_t *object = jsonline_new(NULL, NULL);
	json_t *row = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "state",
				line->row.state, "request", line->row.request, "argument",
				line->row.argument, "errno", error_name(line->row.error),
				"next_state", line->row.next_state, "authority",
				line->row.authority);

	if (!object || json_object_update_new(object, row) ||
	    add_kernel(object, line->kernel)) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static int print_json(const struct table_options *options,
		      const struct table_kernel *kernel)
{
	struct line line;
	int r = 0;

	for (unsigned int i = 0; !r && !get_line(options->semantics, kernel, i, &line);
	     i++)
		r = jsonline_write(build_object(&line), stdout);
	return r;
}

#define KERNEL_COLUMNS 9

static int add_kernel_row(struct columns *columns, const struct line *line)
{
	const struct table_kernel_row *row = line->kernel;
	const char *cells[KERNEL_COLUMNS] = { "",
					      line->row.state,
					      line->row.request,
					      line->row.argument,
					      error_name(line->row.error),
					      line->row.next_state,
					      "",
					      "",
					      "" };

	if (!row) {
		cells[0] = "?";
		cells[8] = "its start state is not to be had on this kernel";
	} else if (row->n_deviating) {
		cells[0] = "!";
		cells[6] = error_name(row->error);
		cells[7] = row->state;
		cells[8] = row->when;
	}
	return columns_add(columns, cells);
}

static int add_row(struct columns *columns, const struct line *line)
{
	const char *cells[] = { line->row.state,      line->row.request,
				line->row.argument,   error_name(line->row.error),
				line->row.next_state, line->row.authority };

	return columns_add(columns, cells);
}

static void print_count(const struct table_kernel *kernel)
{
	struct utsname name;
	unsigned int n = table_kernel_count(kernel);

	if (uname(&name))
		name.release[0] = '\0';
	printf("\n%u of %u rows deviate (!) on this kernel, %s, %s.\n", n, kernel->n_rows,
	       name.release,
	       kernel->has_family[0] && kernel->has_family[1] ? "IPv4 and IPv6"
	       : kernel->has_family[0]                        ? "IPv4 alone"
							      : "IPv6 alone");
}

static int print_text(const struct table_options *options,
		      const struct table_kernel *kernel)
{
	static const char *const titles[] = { "STATE", "REQUEST",    "ARGUMENT",
					      "ERRNO", "NEXT STATE", "AUTHORITY" };
	static const char *const kernel_titles[KERNEL_COLUMNS] = {
		"",           "STATE",        "REQUEST",      "ARGUMENT", "ERRNO",
		"NEXT STATE", "KERNEL ERRNO", "KERNEL STATE", "CASE"
	};
	struct columns *columns;
	struct line line;
	int r = columns_new(&columns, kernel ? kernel_titles : titles,
			    kernel ? KERNEL_COLUMNS : 6);

	if (r < 0)
		return r;
	for (unsigned int i = 0; !r && !get_line(options->semantics, kernel, i, &line);
	     i++)
		r = kernel ? add_kernel_row(columns, &line) : add_row(columns, &line);
	if (!r)
		r = columns_print(columns, stdout);
	if (!r && kernel)
		print_count(kernel);
	columns_free(columns);
	return r;
}

static int print(const struct table_options *options, const struct table_kernel *kernel)
{
	if (options->is_json)
		return print_json(options, kernel);
	return options->is_csv ? print_csv(options, kernel) : print_text(options, kernel);
}

/* 0, or -errno, said. */
static int ask_kernel(struct table_kernel *kernel)
{
	int r = isolate_run(table_kernel_run, kernel);

	if (r == -EPERM)
		output_error("--kernel", "needs a network namespace of its own, and none "
					 "is allowed here: run it as root, or allow user "
					 "namespaces");
	else if (r < 0)
		output_error("--kernel", "the trial did not come to its end: %s",
			     strerror(-r));
	return r;
}

static int run_table(const struct table_options *options)
{
	struct table_kernel *kernel = NULL;
	int r = 0;

	if (options->is_kernel) {
		kernel = isolate_alloc(sizeof(*kernel));
		if (!kernel) {
			output_error(NULL, "no memory");
			return OUTPUT_FAILED;
		}
		kernel->semantics = options->semantics;
		r = ask_kernel(kernel);
	}
	if (!r) {
		r = print(options, kernel);
		if (r < 0 && !standard_say_output(r))
			output_error(NULL, "%s", strerror(-r));
	}
	isolate_free(kernel, sizeof(*kernel));
	return r < 0 ? OUTPUT_FAILED : OUTPUT_DONE;
}

static int check_options(struct table_options *options, const char *semantics,
			 const char *const *arguments, int n_arguments)
{
	static const char *const names[] = {
		[MSF_SEMANTICS_TABLE] = "table",
		[MSF_SEMANTICS_LINUX] = "linux",
	};

	if (n_arguments) {
		output_error(arguments[0], "table takes options only");
		return -EINVAL;
	}
	if (options->is_json && options->is_csv) {
		output_error("--csv", "not together with --json");
		return -EINVAL;
	}
	for (int i = MSF_SEMANTICS_TABLE; i <= MSF_SEMANTICS_LINUX; i++) {
		if (!semantics || !strcmp(semantics, names[i])) {
			options->semantics = (enum msf_semantics)i;
			return 0;
		}
	}
	output_error(semantics, "no such table: table or linux");
	return -EINVAL;
}

static int run(const struct verb *verb, int argc, const char **argv)
{
	struct table_options options = { 0 };
	char *semantics = NULL;
	const struct poptOption table[] = {
		{ "kernel", 'k', POPT_ARG_NONE, &options.is_kernel, 0,
		  "run every row on this kernel, without libmsf", NULL },
		{ "semantics", 'm', POPT_ARG_STRING, &semantics, 0,
		  "which table (default: table)", "table|linux" },
		OPTIONS_JSON(&options.is_json),
		{ "csv", 'c', POPT_ARG_NONE, &options.is_csv, 0, "comma-separated values",
		  NULL },
		POPT_AUTOHELP POPT_TABLEEND
	};
	const char **arguments;
	poptContext context;
	int n, r = options_read(&context, verb, table, argc, argv, &arguments, &n);

	if (!r)
		r = check_options(&options, semantics, arguments, n);
	options_free(context);
	free(semantics);
	if (r < 0)
		return output_get_status(r);
	return run_table(&options);
}

const struct verb table_verb = { "table", "",
				 "the error table, and where this kernel deviates", run };
