/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The backend of a context is found out by behaviour, once, at the first call that
 * needs to know; a request then costs one atomic load more. Two threads may find it
 * out at the same time: both write the same.
 */
#include "backend.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "refuse.h"
#include "socket.h"

/*
 * Which backend
 */

/* On a socket of our own, which leaves the caller's alone. 1, 0 or -errno. */
static int ask_own(int family)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0), r;

	if (fd < 0)
		return -errno;
	r = asm_has_source_filters(fd, family);
	close(fd);
	return r;
}

/* Where there is no descriptor to spare. */
static int ask_caller(int fd)
{
	int family = socket_get_family(fd);

	if (family != AF_INET && family != AF_INET6)
		return family < 0 ? family : -EAFNOSUPPORT;
	return asm_has_source_filters(fd, family);
}

/* One backend serves both families: a family without source filters decides. */
int backend_find(int fd, enum msf_backend *ret)
{
	int r4 = ask_own(AF_INET), r6 = ask_own(AF_INET6), r;

	if (r4 == -ENOMEM || r6 == -ENOMEM)
		return -ENOMEM;
	if (r4 < 0 && r6 < 0) {
		r = ask_caller(fd);
		if (r < 0)
			return r4;
		r4 = r;
	}
	*ret = r4 == 0 || r6 == 0 ? MSF_BACKEND_ASM : MSF_BACKEND_KERNEL;
	return 0;
}

int backend_resolve(struct msf *msf, int fd, enum msf_backend *ret)
{
	enum msf_backend backend = atomic_load_explicit(&msf->backend,
							memory_order_relaxed);
	int r;

	if (backend == MSF_BACKEND_AUTO) {
		r = backend_find(fd, &backend);
		if (r < 0)
			return r;
		atomic_store(&msf->backend, backend);
	}
	*ret = backend;
	return 0;
}

int backend_get_asm_config(struct msf *msf, struct asm_config *ret)
{
	int known = atomic_load(&msf->filters), r;
	enum asm_filters filters;

	if (known < 0) {
		r = asm_detect_filters(&filters);
		if (r < 0)
			return r;
		known = (int)filters;
		atomic_store(&msf->filters, known);
	}
	*ret = (struct asm_config){
		.table = msf->table,
		.filters = (enum asm_filters)known,
		.max_sources = msf->max_sources,
		.is_receive_filtered = msf->is_receive_filtered,
		.is_all_kept = msf->is_multicast_all_kept || msf->table == TABLE_LINUX,
		.agent = context_get_agent(msf),
	};
	return 0;
}

/* Can the socket be asked for its program? An emulator that does not know the cookie
 * does not survive the question. */
static bool can_read_filter(int fd)
{
	uint64_t cookie;
	socklen_t len = sizeof(cookie);

	return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) == 0;
}

int backend_list(struct msf *msf, int fd, int32_t optmem, struct asm_list *ret)
{
	struct asm_config config = { .filters = ASM_FILTERS_FULL };
	int r, detected;

	/* what a table of the process holds that has not filtered takes of it as well */
	if (optmem == 0 && !asm_is_receive_filtered())
		return 0;
	detected = backend_get_asm_config(msf, &config);
	if (detected == -ENOMEM)
		return detected;
	if (detected < 0 && !can_read_filter(fd))
		return 0;
	if (optmem == 0 && config.filters == ASM_FILTERS_FULL)
		return 0;
	r = asm_list_init(ret, fd, config.filters);
	/* it is in a table of the process, perhaps, and nobody can tell */
	if (r < 0 && detected < 0)
		return detected;
	return r == -ENOMEM ? r : r > 0;
}

/* May be told without a look at the system: there is nothing of ours on the socket, and
 * a filter that the application puts there must be known later. */
static bool is_unused(struct msf *msf, int fd, int level, int optname)
{
	bool is_attach = level == SOL_SOCKET &&
			 (optname == SO_ATTACH_FILTER || optname == SO_ATTACH_BPF);

	return !is_attach && atomic_load(&msf->backend) == MSF_BACKEND_AUTO &&
	       !asm_is_receive_filtered() && socket_get_option_memory(fd) == 0;
}

bool backend_is_shared(struct msf *msf, int fd, int level, int optname,
		       struct asm_config *ret)
{
	enum msf_backend backend;
	int saved = errno;
	bool is_shared;

	if (!asm_is_shared_option(level, optname) || is_unused(msf, fd, level, optname))
		return false;
	is_shared = backend_resolve(msf, fd, &backend) == 0 &&
		    backend == MSF_BACKEND_ASM && backend_get_asm_config(msf, ret) == 0;
	errno = saved;
	return is_shared;
}

/*
 * The ASM backend
 */

static bool is_set(const struct request *rq)
{
	return rq->verb == SET_INCLUDE || rq->verb == SET_EXCLUDE;
}

static bool may_join(const struct request *rq)
{
	return rq->verb == JOIN_GROUP || rq->verb == JOIN_SOURCE || is_set(rq);
}

/*
 * A set that finds its filter in force answers 0 with MSF_IDEMPOTENT, and only then
 * nobody has looked whether there is such an interface.
 */
static int confirm(struct msf *msf, const struct asm_config *config, int fd,
		   const struct request *rq)
{
	struct filter wanted = { rq->verb == SET_INCLUDE ? FILTER_INCLUDE
							 : FILTER_EXCLUDE,
				 rq->list };
	struct filter held = { .mode = FILTER_NONE };
	bool is_satisfied;
	int r;

	if (!rq->is_idempotent || !is_set(rq) || socket_has_interface(fd, rq->ifindex))
		return 0;
	r = asm_get(config, fd, rq->ifindex, rq->group, &held);
	if (r < 0)
		return 0;
	if (held.mode == FILTER_NONE)
		is_satisfied = rq->verb == SET_INCLUDE && !rq->list.n;
	else
		is_satisfied = filter_equal(&held, &wanted);
	free(held.sources.addr);
	return is_satisfied ? refuse_request(msf, fd, rq, 0) : 0;
}

/* Where the membership is, that a leave is to end which names no interface; else the
 * one that the route names, or 0. */
static uint32_t find_membership(int fd, const struct request *rq,
				const struct asm_config *config)
{
	uint32_t ifindex = rq->ifindex;
	struct asm_list list;

	if (asm_list_init(&list, fd, config->filters) <= 0)
		return ifindex;
	for (uint32_t i = list.n; i-- > 0;)
		if (addr_equal(list.memberships[i].group, rq->group))
			ifindex = list.memberships[i].ifindex;
	asm_list_fini(&list);
	return ifindex;
}

static int apply_asm(struct msf *msf, int fd, const struct request *rq)
{
	struct asm_request asked = { .verb = rq->verb,
				     .family = rq->family,
				     .ifindex = rq->ifindex,
				     .group = rq->group,
				     .source = rq->source,
				     .list = rq->list,
				     .is_idempotent = rq->is_idempotent };
	struct asm_config config;
	int r;

	if (may_join(rq)) {
		r = refuse_creator(msf, fd, rq, &asked.is_dual);
		if (r < 0)
			return r;
	}
	/* no filter is ever put on those */
	r = socket_find_foreign(fd, rq->family);
	if (!r)
		r = backend_get_asm_config(msf, &config);
	if (!r)
		r = confirm(msf, &config, fd, rq);
	if (!r && rq->is_any_interface)
		asked.ifindex = find_membership(fd, rq, &config);
	if (!r && !asked.ifindex)
		r = -EADDRNOTAVAIL;
	if (!r)
		r = asm_apply(&config, fd, &asked);
	return r < 0 ? refuse_request(msf, fd, rq, r) : 0;
}

/* free(ret->sources.addr). */
static int read_asm(struct msf *msf, int fd, const struct request *rq, struct filter *ret)
{
	struct asm_config config;
	int r = socket_find_foreign(fd, rq->family);

	if (!r)
		r = backend_get_asm_config(msf, &config);
	return r < 0 ? r : asm_get(&config, fd, rq->ifindex, rq->group, ret);
}

static int get_asm(struct msf *msf, int fd, const struct request *rq, uint32_t *fmode,
		   uint32_t *numsrc, struct sockaddr_storage *slist)
{
	struct filter held = { .mode = FILTER_NONE };
	int r = read_asm(msf, fd, rq, &held);

	if (!r && held.mode == FILTER_NONE)
		r = -EADDRNOTAVAIL;
	if (r < 0)
		r = refuse_request(msf, fd, rq, r);
	else
		request_answer(rq, &held, fmode, numsrc, slist);
	free(held.sources.addr);
	return r;
}

static int look_asm(struct msf *msf, int fd, const struct request *rq,
		    struct kernel_held *ret)
{
	struct filter held = { .mode = FILTER_NONE };
	int r = read_asm(msf, fd, rq, &held);

	if (r < 0)
		return r;
	*ret = (struct kernel_held){ .mode = held.mode, .n_sources = held.sources.n };
	free(held.sources.addr);
	return 0;
}

/*
 * Either
 */

int backend_apply(struct msf *msf, int fd, const struct request *rq)
{
	enum msf_backend backend;
	int r = backend_resolve(msf, fd, &backend);

	if (r < 0)
		return refuse_request(msf, fd, rq, r);
	return backend == MSF_BACKEND_ASM ? apply_asm(msf, fd, rq)
					  : kernel_apply(msf, fd, rq);
}

int backend_get(struct msf *msf, int fd, const struct request *rq, uint32_t *fmode,
		uint32_t *numsrc, struct sockaddr_storage *slist)
{
	enum msf_backend backend;
	int r = backend_resolve(msf, fd, &backend);

	if (r < 0)
		return refuse_request(msf, fd, rq, r);
	return backend == MSF_BACKEND_ASM ? get_asm(msf, fd, rq, fmode, numsrc, slist)
					  : kernel_get(msf, fd, rq, fmode, numsrc, slist);
}

int backend_look(struct msf *msf, int fd, const struct request *rq,
		 struct kernel_held *ret)
{
	enum msf_backend backend;
	int r = backend_resolve(msf, fd, &backend);

	if (r < 0)
		return r;
	return backend == MSF_BACKEND_ASM ? look_asm(msf, fd, rq, ret)
					  : kernel_look(fd, rq, ret);
}
