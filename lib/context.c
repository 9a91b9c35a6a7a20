/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Contexts and their configuration. The default context, with the locks of the
 * process, is the only mutable object of the library at file scope.
 */
#include "context.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel-call.h"

#define N_LOCKS   32 /* ThreadSanitizer follows 64 held at once, at fork */
#define LOCK_BITS 5

struct msf_config {
	int backend;   /* enum msf_backend; -1: not said */
	int semantics; /* enum msf_semantics; -1: not said */
	bool has_max_sources;
	uint32_t max_sources;
	bool is_multicast_all_kept;
	bool is_exclusive;
	bool is_receive_filtered;
	char agent[MESSAGE_PATH_MAX]; /* "": not said */
};

#define CONFIG_INIT                            \
	{                                      \
		.backend = -1, .semantics = -1 \
	}

static struct {
	pthread_mutex_t lock;
	atomic_bool is_ready; /* the context is made and serves */
	bool is_configured;
	struct msf_config config;
	struct msf context;
	pthread_once_t locks_once;
	pthread_mutex_t locks[N_LOCKS];
} default_context = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.locks_once = PTHREAD_ONCE_INIT,
};

int msf_config_new(struct msf_config **ret)
{
	struct msf_config *config = malloc(sizeof(*config));

	if (!config)
		return -ENOMEM;
	*config = (struct msf_config)CONFIG_INIT;
	*ret = config;
	return 0;
}

struct msf_config *msf_config_free(struct msf_config *config)
{
	free(config);
	return NULL;
}

int msf_config_set_backend(struct msf_config *config, enum msf_backend backend)
{
	switch (backend) {
	case MSF_BACKEND_AUTO:
	case MSF_BACKEND_KERNEL:
	case MSF_BACKEND_ASM:
		config->backend = backend;
		return 0;
	}
	return -EINVAL;
}

int msf_config_set_semantics(struct msf_config *config, enum msf_semantics semantics)
{
	switch (semantics) {
	case MSF_SEMANTICS_TABLE:
	case MSF_SEMANTICS_LINUX:
		config->semantics = semantics;
		return 0;
	}
	return -EINVAL;
}

int msf_config_set_max_sources(struct msf_config *config, uint32_t max_sources)
{
	config->has_max_sources = true;
	config->max_sources = max_sources;
	return 0;
}

int msf_config_set_keep_multicast_all(struct msf_config *config, int keep)
{
	config->is_multicast_all_kept = keep;
	return 0;
}

int msf_config_set_exclusive(struct msf_config *config, int exclusive)
{
	config->is_exclusive = exclusive;
	return 0;
}

int msf_config_set_receive_calls(struct msf_config *config, int receives)
{
	config->is_receive_filtered = receives;
	return 0;
}

/* Copies a path that fits into a socket's address. 0 or -EINVAL. */
static int copy_agent(char ret[MESSAGE_PATH_MAX], const char *path)
{
	size_t size = strlen(path) + 1;

	if (size > MESSAGE_PATH_MAX)
		return -EINVAL;
	memcpy(ret, path, size);
	return 0;
}

int msf_config_set_agent(struct msf_config *config, const char *path)
{
	if (path && !*path)
		return -EINVAL;
	return copy_agent(config->agent, path ? path : "");
}

/* What the variable says, as the position among words; -1: unset or empty. */
static int read_environment(const char *variable, const char *const words[], int n_words,
			    int *ret)
{
	const char *value = secure_getenv(variable);

	*ret = -1;
	if (!value || !*value)
		return 0;
	for (int i = 0; i < n_words; i++) {
		if (!strcmp(value, words[i])) {
			*ret = i;
			return 0;
		}
	}
	return -EINVAL;
}

static int resolve_backend(int configured, enum msf_backend *ret)
{
	static const char *const words[] = { "auto", "kernel", "asm" };
	static const enum msf_backend backends[] = { MSF_BACKEND_AUTO, MSF_BACKEND_KERNEL,
						     MSF_BACKEND_ASM };
	int word, r;

	if (configured >= 0) {
		*ret = (enum msf_backend)configured;
		return 0;
	}
	r = read_environment("MSF_BACKEND", words, 3, &word);
	if (r < 0)
		return r;
	*ret = word < 0 ? MSF_BACKEND_AUTO : backends[word];
	return 0;
}

static int resolve_max_sources(const struct msf_config *config, uint32_t *ret)
{
	const char *value = secure_getenv("MSF_MAX_SOURCES");
	unsigned long number;
	char *end;

	*ret = config->max_sources;
	if (config->has_max_sources || !value || !*value)
		return 0;
	/* strtoul() takes signs and blanks, too */
	if (strspn(value, "0123456789") != strlen(value))
		return -EINVAL;
	errno = 0;
	number = strtoul(value, &end, 10);
	if (errno || number > UINT32_MAX)
		return -EINVAL;
	*ret = (uint32_t)number;
	return 0;
}

static int resolve_agent(const struct msf_config *config, char ret[MESSAGE_PATH_MAX])
{
	const char *value = secure_getenv("MSF_AGENT");

	if (*config->agent || !value)
		value = config->agent;
	return copy_agent(ret, value);
}

static int resolve_table(int configured, enum table *ret)
{
	static const char *const words[] = { "table", "linux" };
	int semantics = configured, r;

	if (semantics < 0) {
		r = read_environment("MSF_SEMANTICS", words, 2, &semantics);
		if (r < 0)
			return r;
	}
	*ret = semantics == MSF_SEMANTICS_LINUX ? TABLE_LINUX : TABLE_STRICT;
	return 0;
}

static int context_init(struct msf *msf, const struct msf_config *config)
{
	static const struct msf_config defaults = CONFIG_INIT;
	enum msf_backend backend;
	int r;

	if (!config)
		config = &defaults;
	*msf = (struct msf){
		.is_multicast_all_kept = config->is_multicast_all_kept,
		.is_exclusive = config->is_exclusive,
		.is_receive_filtered = config->is_receive_filtered,
		.filters = -1,
	};
	r = resolve_backend(config->backend, &backend);
	if (r < 0)
		return r;
	msf->backend = backend;
	msf->is_backend_given = backend != MSF_BACKEND_AUTO;
	r = resolve_max_sources(config, &msf->max_sources);
	if (r < 0)
		return r;
	r = resolve_agent(config, msf->agent);
	if (r < 0)
		return r;
	return resolve_table(config->semantics, &msf->table);
}

int msf_new(struct msf **ret, const struct msf_config *config)
{
	struct msf *msf = malloc(sizeof(*msf));
	int r;

	if (!msf)
		return -ENOMEM;
	r = context_init(msf, config);
	if (r < 0) {
		free(msf);
		return r;
	}
	*ret = msf;
	return 0;
}

struct msf *msf_free(struct msf *msf)
{
	if (msf) {
		kernel_buffer_free(atomic_load(&msf->spare));
		free(msf);
	}
	return NULL;
}

/* A child must not inherit a lock that a thread of its parent held: before any
 * of them is taken, init_locks() has run. */
static void lock_all(void)
{
	pthread_mutex_lock(&default_context.lock);
	for (int i = 0; i < N_LOCKS; i++)
		pthread_mutex_lock(&default_context.locks[i]);
}

static void unlock_all(void)
{
	for (int i = 0; i < N_LOCKS; i++)
		pthread_mutex_unlock(&default_context.locks[i]);
	pthread_mutex_unlock(&default_context.lock);
}

static void init_locks(void)
{
	for (int i = 0; i < N_LOCKS; i++)
		pthread_mutex_init(&default_context.locks[i], NULL);
	pthread_atfork(lock_all, unlock_all, unlock_all);
}

int msf_configure_default(const struct msf_config *config)
{
	struct msf tried;
	int r;

	pthread_once(&default_context.locks_once, init_locks);
	pthread_mutex_lock(&default_context.lock);
	if (atomic_load(&default_context.is_ready)) {
		r = -EBUSY;
	} else {
		r = context_init(&tried, config);
		if (!r) {
			default_context.is_configured = config;
			if (config)
				default_context.config = *config;
		}
	}
	pthread_mutex_unlock(&default_context.lock);
	return r;
}

static int make_default(void)
{
	const struct msf_config *config = NULL;
	int r = 0;

	pthread_once(&default_context.locks_once, init_locks);
	pthread_mutex_lock(&default_context.lock);
	if (!atomic_load(&default_context.is_ready)) {
		if (default_context.is_configured)
			config = &default_context.config;
		r = context_init(&default_context.context, config);
		if (!r)
			atomic_store(&default_context.is_ready, true);
	}
	pthread_mutex_unlock(&default_context.lock);
	return r;
}

int context_get(struct msf *msf, struct msf **ret)
{
	if (!msf) {
		if (!atomic_load(&default_context.is_ready)) {
			int r = make_default();

			if (r < 0)
				return r;
		}
		msf = &default_context.context;
	}
	*ret = msf;
	return 0;
}

const char *context_get_agent(const struct msf *msf)
{
	return *msf->agent ? msf->agent : NULL;
}

pthread_mutex_t *context_lock_group(struct addr group)
{
	uint64_t hash = (group.hi ^ group.lo) * 0x9e3779b97f4a7c15ull;
	pthread_mutex_t *lock;

	pthread_once(&default_context.locks_once, init_locks);
	lock = &default_context.locks[hash >> (64 - LOCK_BITS)];
	pthread_mutex_lock(lock);
	return lock;
}
