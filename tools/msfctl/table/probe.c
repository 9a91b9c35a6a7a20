/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * msfctl probe: which backend carries source filters out here and why, every limit
 * that applies, and what the stack lies about.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <msf.h>

#include "columns.h"
#include "environment.h"
#include "isolate.h"
#include "jsonline.h"
#include "lies.h"
#include "options.h"
#include "output.h"
#include "standard.h"
#include "table-kernel.h"
#include "verb.h"

#define NOTE_WIDTH 48
#define VALUE_SIZE 16
#define N_COLUMNS  5

/* What is found out in a namespace of its own. */
struct trial {
	struct table_kernel table;
	enum lies_answer answers[LIES_MAX];
};

/* Facts go to one of the two. */
struct printer {
	bool is_json;
	struct columns *columns; /* owned */
};

static int print_json(const struct msf_fact *fact)
{
	const char *const names[] = { "name", "value", "unit", "source", "note" };
	const char *const texts[] = { fact->name, fact->value, fact->unit, fact->source,
				      fact->note };
	json_t *object = jsonline_new(NULL, NULL);

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (json_object_set_new(object, names[i], jsonline_new_text(texts[i]))) {
			json_decref(object);
			return -ENOMEM;
		}
	}
	return jsonline_write(object, stdout);
}

/* Of a text, what stands on the next line of a column. */
static size_t get_piece(const char *text)
{
	size_t length = strlen(text), i = NOTE_WIDTH;

	if (length <= NOTE_WIDTH)
		return length;
	while (i > 0 && text[i] != ' ')
		i--;
	return i ? i : strcspn(text, " "); /* a word longer than the column */
}

static int add_text(struct columns *columns, const struct msf_fact *fact)
{
	const char *cells[N_COLUMNS] = { fact->name, fact->value,
					 fact->unit ? fact->unit : "", fact->source, "" };
	const char *note = fact->note ? fact->note : "";
	int r;

	do {
		size_t n = get_piece(note);
		char *piece = strndup(note, n);

		if (!piece)
			return -ENOMEM;
		cells[N_COLUMNS - 1] = piece;
		r = columns_add(columns, cells);
		free(piece);
		for (int i = 0; i < N_COLUMNS; i++)
			cells[i] = "";
		note += n + (note[n] == ' ');
	} while (!r && *note);
	return r;
}

static int print_fact(const struct printer *printer, const struct msf_fact *fact)
{
	return printer->is_json ? print_json(fact) : add_text(printer->columns, fact);
}

static int print_system(const struct printer *printer)
{
	struct msf_probe *probe;
	struct msf_fact fact;
	int r = msf_probe_new(&probe, NULL);

	if (r < 0)
		return r;
	while (!r && msf_probe_pop_fact(probe, &fact) == 1)
		r = print_fact(printer, &fact);
	msf_probe_free(probe);
	return r;
}

static void run_trial(void *shared)
{
	struct trial *trial = shared;

	table_kernel_run(&trial->table);
	lies_run(trial->answers);
}

/* failure: why nothing was tried; NULL: it was. */
static int print_rows(const struct printer *printer, const struct table_kernel *table,
		      const char *failure)
{
	char value[VALUE_SIZE], note[64];
	struct msf_fact fact = {
		.name = "deviating_rows",
		.value = failure ? NULL : value,
		.unit = "rows",
		.source = "msfctl table --kernel",
		.note = failure ? failure : note,
	};

	snprintf(value, sizeof(value), "%u", table_kernel_count(table));
	snprintf(note, sizeof(note), "of the %u rows of the error table", table->n_rows);
	return print_fact(printer, &fact);
}

static int print_lie(const struct printer *printer, const struct lies_lie *lie,
		     enum lies_answer answer, const char *failure)
{
	static const char *const values[] = {
		[LIES_UNKNOWN] = NULL,
		[LIES_NO] = "no",
		[LIES_YES] = "yes",
	};
	struct msf_fact fact = { .name = lie->name,
				 .value = values[answer],
				 .source = lie->test,
				 .note = answer == LIES_YES ? lie->note : NULL };

	if (answer == LIES_UNKNOWN)
		fact.note = failure ? "not tried"
				    : "this kernel does not get as far as the question";
	return print_fact(printer, &fact);
}

static const char *describe(int r)
{
	if (!r)
		return NULL;
	return r == -EPERM ? "nothing was tried: that takes a network namespace of its "
			     "own, and none is allowed here: run it as root, or allow "
			     "user namespaces"
			   : "the trial did not come to its end";
}

static int print_lies(const struct printer *printer)
{
	struct trial *trial = isolate_alloc(sizeof(*trial));
	const char *failure;
	int r;

	if (!trial)
		return -ENOMEM;
	failure = describe(isolate_run(run_trial, trial));
	r = print_rows(printer, &trial->table, failure);
	for (unsigned int i = 0; !r && i < n_lies; i++)
		r = print_lie(printer, &lies[i], trial->answers[i], failure);
	isolate_free(trial, sizeof(*trial));
	return r;
}

/* One table, with its own columns. */
static int print_section(struct printer *printer, const char *title,
			 int (*section)(const struct printer *))
{
	static const char *const titles[N_COLUMNS] = { "NAME", "VALUE", "UNIT", "SOURCE",
						       "NOTE" };
	int r;

	if (printer->is_json)
		return section(printer);
	r = columns_new(&printer->columns, titles, N_COLUMNS);
	if (r < 0)
		return r;
	r = section(printer);
	if (!r)
		printf("%s", title);
	if (!r)
		r = columns_print(printer->columns, stdout);
	printer->columns = columns_free(printer->columns);
	return r;
}

static int print(bool is_json)
{
	struct printer printer = { .is_json = is_json };
	int r = print_section(&printer, "", print_system);

	if (!r)
		r = print_section(&printer, "\nWhat this kernel lies about:\n",
				  print_lies);
	return r;
}

static int run(const struct verb *verb, int argc, const char **argv)
{
	int is_json = 0, n, r;
	const struct poptOption table[] = { OPTIONS_JSON(&is_json),
					    POPT_AUTOHELP POPT_TABLEEND };
	const char **arguments;
	poptContext context;

	r = options_read(&context, verb, table, argc, argv, &arguments, &n);
	if (!r && n) {
		output_error(arguments[0], "probe takes options only");
		r = -EINVAL;
	}
	options_free(context);
	if (r < 0)
		return output_get_status(r);
	if (environment_check() < 0)
		return OUTPUT_FAILED;
	r = print(is_json);
	if (r < 0 && !standard_say_output(r))
		output_error(NULL, "cannot look at this system: %s", strerror(-r));
	return r < 0 ? OUTPUT_FAILED : OUTPUT_DONE;
}

const struct verb probe_verb = { "probe", "", "backend and limits of this system", run };
