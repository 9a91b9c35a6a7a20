/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options: the command line of msfd. What it says stands above the configuration file.
 */
#ifndef MSFD_OPTIONS_H
#define MSFD_OPTIONS_H

#include <stdbool.h>

#include "msfd/log.h"

struct options {
	char *config;              /* path of the configuration file, owned */
	bool is_config_given;      /* else it need not exist */
	bool is_check;             /* --check-config: read it, say what is wrong, end */
	char *socket;              /* path, owned; NULL: that of the namespace */
	bool is_kernel_suppressed; /* false: not said, ask the file */
	char *user;                /* name, owned; NULL: not said */
	bool has_no_journal;
	bool is_verbose;
	enum log_format log;
};

/* 1: go on; 0: what was asked for has been printed; -EINVAL (status 2), -ENOMEM: said.
 * *ret is to be finished in any case. */
int options_parse(struct options *ret, int argc, const char **argv);
void options_fini(struct options *options);

#endif
