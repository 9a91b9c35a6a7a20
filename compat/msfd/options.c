/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options: the command line of msfd (see options.h).
 *
 * Invariant: what goes wrong here has been said when it returns.
 */
#include "msfd/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include <popt.h>

#include "output.h"
#include "value.h"

enum {
	OPTION_FOREGROUND = 1,
	OPTION_CONFIG,
	OPTION_CHECK,
	OPTION_SOCKET,
	OPTION_SUPPRESS,
	OPTION_USER,
	OPTION_NO_JOURNAL,
	OPTION_VERBOSE,
	OPTION_LOG,
	OPTION_VERSION,
	OPTION_END,
};

static const struct poptOption option_table[] = {
	{ "foreground", 'f', POPT_ARG_NONE, NULL, OPTION_FOREGROUND,
	  "stay in the foreground, as msfd always does", NULL },
	{ "config", 'c', POPT_ARG_STRING, NULL, OPTION_CONFIG,
	  "read this configuration (" MSFD_CONFIG ")", "FILE" },
	{ "check-config", '\0', POPT_ARG_NONE, NULL, OPTION_CHECK,
	  "read the configuration, tell its mistakes, and end", NULL },
	{ "socket", 's', POPT_ARG_STRING, NULL, OPTION_SOCKET,
	  "listen there (/run/msfd/<inode of the network namespace>.sock)", "PATH" },
	{ "suppress-kernel", '\0', POPT_ARG_NONE, NULL, OPTION_SUPPRESS,
	  "keep the kernel's own reports off the wire", NULL },
	{ "user", 'u', POPT_ARG_STRING, NULL, OPTION_USER,
	  "become this user when all is open (msfd, if there is one)", "NAME" },
	{ "no-journal", '\0', POPT_ARG_NONE, NULL, OPTION_NO_JOURNAL,
	  "do not keep what sockets hold in a file", NULL },
	{ "verbose", 'v', POPT_ARG_NONE, NULL, OPTION_VERBOSE, "log more", NULL },
	{ "log", '\0', POPT_ARG_STRING, NULL, OPTION_LOG,
	  "form of the log (journal under systemd, else text)", "text|journal|json" },
	{ "version", 'V', POPT_ARG_NONE, NULL, OPTION_VERSION, "show the version", NULL },
	POPT_AUTOHELP POPT_TABLEEND
};

/* Takes the word, which is owned. */
static int take_log(struct options *options, char *word)
{
	static const char *const words[] = {
		[LOG_FORMAT_TEXT] = "text",
		[LOG_FORMAT_JOURNAL] = "journal",
		[LOG_FORMAT_JSON] = "json",
	};
	int r = -EINVAL;

	if (!word)
		return -ENOMEM;
	for (unsigned int i = LOG_FORMAT_TEXT; i <= LOG_FORMAT_JSON; i++) {
		if (strcmp(word, words[i]) != 0)
			continue;
		options->log = (enum log_format)i;
		r = 0;
	}
	if (r < 0)
		value_refuse_word("--log", word, "text, journal or json");
	free(word);
	return r;
}

/* Takes the word, which is owned. */
static int take_word(char **ret, char *word, const char *option, size_t max)
{
	if (!word)
		return -ENOMEM;
	*ret = word;
	if (!*word)
		return value_refuse(option, "empty");
	if (strlen(word) > max)
		return value_refuse_word(option, word, "too long");
	return 0;
}

static int take_option(poptContext popt, int option, struct options *options)
{
	switch (option) {
	case OPTION_CONFIG:
		options->is_config_given = true;
		free(options->config);
		options->config = NULL;
		return take_word(&options->config, poptGetOptArg(popt), "--config",
				 SIZE_MAX);
	case OPTION_CHECK:
		options->is_check = true;
		return 0;
	case OPTION_SOCKET:
		return take_word(&options->socket, poptGetOptArg(popt), "--socket",
				 sizeof(((struct sockaddr_un *)0)->sun_path) - 1);
	case OPTION_SUPPRESS:
		options->is_kernel_suppressed = true;
		return 0;
	case OPTION_USER:
		return take_word(&options->user, poptGetOptArg(popt), "--user", SIZE_MAX);
	case OPTION_NO_JOURNAL:
		options->has_no_journal = true;
		return 0;
	case OPTION_VERBOSE:
		options->is_verbose = true;
		return 0;
	case OPTION_LOG:
		return take_log(options, poptGetOptArg(popt));
	case OPTION_VERSION:
		puts("msfd " MSFD_VERSION);
		return -ECANCELED;
	default:
		return 0;
	}
}

static int take_once(poptContext popt, int option, struct options *options,
		     bool is_given[OPTION_END])
{
	char name[32];

	if (is_given[option]) {
		snprintf(name, sizeof(name), "--%s", option_table[option - 1].longName);
		return value_refuse(name, "given twice");
	}
	is_given[option] = true;
	return take_option(popt, option, options);
}

static int parse_words(poptContext popt, struct options *options)
{
	bool is_given[OPTION_END] = { false };
	int option, r = 0;

	while (r == 0 && (option = poptGetNextOpt(popt)) > 0)
		r = take_once(popt, option, options, is_given);
	if (r < 0)
		return r;
	if (option < -1)
		return value_refuse_option(popt, "msfd", option);
	if (poptPeekArg(popt))
		return value_refuse(poptPeekArg(popt), "msfd takes options only");
	return 1;
}

int options_parse(struct options *ret, int argc, const char **argv)
{
	poptContext popt = poptGetContext("msfd", argc, argv, option_table, 0);
	int r = -ENOMEM;

	*ret = (struct options){ .config = strdup(MSFD_CONFIG) };
	if (popt && ret->config) {
		poptSetOtherOptionHelp(popt, "[OPTION...]");
		r = parse_words(popt, ret);
	}
	poptFreeContext(popt);
	if (r == -ENOMEM)
		output_error(NULL, "%s", strerror(ENOMEM));
	return r == -ECANCELED ? 0 : r;
}

void options_fini(struct options *options)
{
	free(options->config);
	free(options->socket);
	free(options->user);
	*options = (struct options){ 0 };
}
