/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * batch: the words behind msfctl batch (batch-line.h has the language of the lines,
 * batch-answer.h the answers, batch-run.h the loop).
 *
 * Invariant: no line is read before the context that is to run it is there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "batch-run.h"
#include "environment.h"
#include "options.h"
#include "output.h"
#include "verb.h"

struct words {
	int is_json, is_keep_going;
	char *backend, *semantics; /* owned; NULL: not given */
	const char **files;        /* of popt */
	int n_files;
};

/* A word and the number that it stands for. */
struct choice {
	const char *word;
	int value;
};

static const struct choice backends[] = {
	{ "auto", MSF_BACKEND_AUTO },
	{ "kernel", MSF_BACKEND_KERNEL },
	{ "asm", MSF_BACKEND_ASM },
	{ NULL, 0 },
};

static const struct choice semantics[] = {
	{ "table", MSF_SEMANTICS_TABLE },
	{ "linux", MSF_SEMANTICS_LINUX },
	{ NULL, 0 },
};

static int choose(const struct choice *choices, const char *option, const char *word,
		  const char *all, int *ret)
{
	for (; choices->word; choices++)
		if (!strcmp(choices->word, word)) {
			*ret = choices->value;
			return 0;
		}
	output_error(option, "must be %s", all);
	return -EINVAL;
}

static int set_backend(struct msf_config *config, const char *word)
{
	int value, r;

	if (!word)
		return 0;
	r = choose(backends, "--backend", word, "auto, kernel or asm", &value);
	return r < 0 ? r : msf_config_set_backend(config, (enum msf_backend)value);
}

static int set_semantics(struct msf_config *config, const char *word)
{
	int value, r;

	if (!word)
		return 0;
	r = choose(semantics, "--semantics", word, "table or linux", &value);
	return r < 0 ? r : msf_config_set_semantics(config, (enum msf_semantics)value);
}

static int check_files(const struct words *words)
{
	if (words->n_files <= 1)
		return 0;
	output_error(words->files[1], "one file at a time");
	return -EINVAL;
}

/* 0, or an exit status, said. */
static int make_context(struct msf **ret, const struct msf_config *config)
{
	int r = msf_new(ret, config);

	/* Options of sockets have no context of their own. */
	if (r == 0)
		r = msf_configure_default(config);
	r = environment_judge(r);
	if (r == 0)
		r = environment_check_backend(*ret);
	return r < 0 ? OUTPUT_FAILED : OUTPUT_DONE;
}

static int run_words(const struct words *words, struct msf_config *config)
{
	struct batch_settings settings = { .is_json = words->is_json,
					   .is_keep_going = words->is_keep_going };
	struct msf *msf = NULL;
	int status;

	if (check_files(words) < 0 || set_backend(config, words->backend) < 0 ||
	    set_semantics(config, words->semantics) < 0)
		return OUTPUT_USAGE;
	/* Packets are received with msf_recvfrom() only. */
	msf_config_set_receive_calls(config, 1);
	if (words->n_files > 0 && strcmp(words->files[0], "-") != 0)
		settings.path = words->files[0];
	status = make_context(&msf, config);
	if (status == OUTPUT_DONE)
		status = batch_run(msf, &settings);
	msf_free(msf);
	return status;
}

static int run(const struct verb *verb, int argc, const char **argv)
{
	struct words words = { .is_json = 0 };
	const struct poptOption table[] = {
		{ "keep-going", 'k', POPT_ARG_NONE, &words.is_keep_going, 0,
		  "go on behind a line that failed", NULL },
		{ "backend", '\0', POPT_ARG_STRING, &words.backend, 0,
		  "who filters (auto)", "auto|kernel|asm" },
		{ "semantics", '\0', POPT_ARG_STRING, &words.semantics, 0,
		  "whose errors (table)", "table|linux" },
		OPTIONS_JSON(&words.is_json),
		POPT_AUTOHELP POPT_TABLEEND,
	};
	struct msf_config *config = NULL;
	poptContext context;
	int status, r = options_read(&context, verb, table, argc, argv, &words.files,
				     &words.n_files);

	if (r == 0) {
		r = msf_config_new(&config);
		if (r < 0)
			output_error(NULL, "%s", strerror(-r));
	}
	if (r == 0)
		status = run_words(&words, config);
	else
		status = output_get_status(r);
	msf_config_free(config);
	options_free(context);
	free(words.backend);
	free(words.semantics);
	return status;
}

const struct verb batch_verb = {
	"batch", "[FILE|-]",
	"run requests on sockets of its own, line by line (the line \"help\" lists them)",
	run
};
