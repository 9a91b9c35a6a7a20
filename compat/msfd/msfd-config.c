/* SPDX-License-Identifier: BSD-2-Clause */
/* msfd: what the configuration means for its parts (see msfd.h and config.h). */
#include "msfd/msfd.h"

#include <errno.h>
#include <string.h>

#include "msfd/clock.h"
#include "msfd/log.h"
#include "msfd/notify.h"

int msfd_read_config(struct config *ret, const struct options *options,
		     void (*say)(void *context, const char *text), void *context)
{
	int r = config_read(ret, options->config, say, context);

	if (r == -ENOENT && !options->is_config_given) {
		config_init(ret);
		r = 0;
	}
	return r;
}

void msfd_log_mistake(void *context, const char *text)
{
	(void)context;
	log_write(LOG_ERR, "config-mistake", NULL, "%s", text);
}

static void apply_ssm(struct msfd *msfd, enum engine_family family)
{
	const struct config *config = &msfd->config;
	uint64_t now = clock_now();

	if (!config->ssm[family].is_set)
		engine_reset_ssm_range(msfd->engine, family, now);
	else if (engine_set_ssm_range(msfd->engine, family, config->ssm[family].prefix,
				      config->ssm[family].prefix_len, now) < 0)
		log_write(LOG_ERR, "config-mistake", NULL,
			  "the range of source-specific groups is not of groups");
}

void msfd_apply_config(struct msfd *msfd)
{
	unsigned int i;
	int r;

	for (i = 0; i < ENGINE_TUNABLES; i++) {
		r = engine_set_tunable(msfd->engine, (enum engine_tunable)i,
				       msfd->config.tunables[i], clock_now());
		if (r < 0)
			log_write(LOG_ERR, "config-mistake", NULL, "tunable %s: %s",
				  engine_get_tunable_info(i)->name, strerror(-r));
	}
	apply_ssm(msfd, ENGINE_IPV4);
	apply_ssm(msfd, ENGINE_IPV6);
}

static uint8_t get_forced(const struct config *config, const char *name,
			  enum engine_family family)
{
	uint32_t i;

	for (i = 0; i < config->n_interfaces; i++)
		if (strcmp(config->interfaces[i].name, name) == 0)
			return config->interfaces[i].version[family];
	return 0;
}

void msfd_apply_interface(struct msfd *msfd, const struct link *link)
{
	unsigned int family;

	for (family = 0; family < ENGINE_FAMILIES; family++) {
		uint8_t version = get_forced(&msfd->config, link->name,
					     (enum engine_family)family);
		int r = engine_force_version(msfd->engine, link->interface.ifindex,
					     (enum engine_family)family, version,
					     clock_now());

		if (r < 0)
			log_write(LOG_ERR, "force-failed", link->name, "version %u: %s",
				  version, strerror(-r));
	}
}

/* What is open cannot be opened again without privileges. */
static void log_rest(const struct config *old, const struct config *new)
{
	if (old->is_kernel_suppressed != new->is_kernel_suppressed)
		log_write(LOG_WARNING, "reload-partial", NULL,
			  "suppress-kernel takes effect when msfd is started again");
	if (old->is_journal_kept != new->is_journal_kept)
		log_write(LOG_WARNING, "reload-partial", NULL,
			  "journal takes effect when msfd is started again");
}

static void take_config(struct msfd *msfd, struct config *config)
{
	const struct link *link;
	unsigned int i;

	log_rest(&msfd->config, config);
	config_fini(&msfd->config);
	msfd->config = *config;
	msfd_apply_config(msfd);
	for (i = 0; (link = links_get(msfd->links, i)); i++)
		msfd_apply_interface(msfd, link);
	statics_reload(msfd->statics, msfd->config.joins, msfd->config.n_joins,
		       clock_now());
	msfd_poke(msfd);
}

void msfd_reload(struct msfd *msfd)
{
	struct config config;
	int r;

	notify_reloading();
	r = msfd_read_config(&config, msfd->options, msfd_log_mistake, NULL);
	if (r < 0) {
		log_write(LOG_ERR, "reload-failed", NULL,
			  "%s: %s: the configuration stays as it was",
			  msfd->options->config, strerror(-r));
	} else {
		take_config(msfd, &config);
		log_write(LOG_NOTICE, "reloaded", NULL, "%s", msfd->options->config);
	}
	notify_ready();
}
