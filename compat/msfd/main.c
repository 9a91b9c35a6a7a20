/* SPDX-License-Identifier: BSD-2-Clause */
/* msfd(8). Status: 0 ended as told, 1 something failed, 2 wrong arguments. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "msfd/log.h"
#include "msfd/msfd.h"
#include "standard.h"

static void say(void *context, const char *text)
{
	(void)context;
	fprintf(stderr, "msfd: %s\n", text);
}

static int check_config(const struct options *options)
{
	struct config config;
	int r = msfd_read_config(&config, options, say, NULL);

	if (r == 0)
		config_fini(&config);
	else if (r != -EINVAL)
		fprintf(stderr, "msfd: %s: %s\n", options->config, strerror(-r));
	return r < 0;
}

static int run(const struct options *options)
{
	struct msfd msfd;
	int r = msfd_start(&msfd, options);

	if (r < 0)
		return 1;
	r = loop_run(msfd.loop);
	if (r < 0)
		log_write(LOG_ERR, "loop-failed", NULL, "%s", strerror(-r));
	msfd_stop(&msfd, r == MSFD_LEAVE ? MSFD_LEAVE : MSFD_QUIT);
	return r < 0;
}

int main(int argc, const char **argv)
{
	struct options options;
	int r;

	if (standard_init() < 0)
		return 1;
	signal(SIGPIPE, SIG_IGN);
	r = options_parse(&options, argc, argv);
	if (r > 0) {
		log_init(options.log, options.is_verbose ? LOG_DEBUG : LOG_INFO);
		r = options.is_check ? check_config(&options) : run(&options);
	} else if (r < 0) {
		r = r == -EINVAL ? 2 : 1;
	}
	options_fini(&options);
	return r;
}
