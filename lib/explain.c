/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Why a request was refused: looks at everything again, in the order in which
 * the contract looks. Here are the rows of the table; explain-fault.c has the
 * arguments, explain-limit.c the limits, explain-warning.c what is no error.
 */
#include "explain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "interface.h"
#include "proc.h"
#include "sockaddr.h"
#include "socket.h"

struct scene {
	struct msf *msf;
	int fd;
	const struct request *rq;
	struct kernel_held held;
	char group[INET6_ADDRSTRLEN];
	char source[INET6_ADDRSTRLEN];
	char interface[TEXT_INTERFACE_SIZE];
};

static void add_stored(struct text *text, const struct kernel_held *held)
{
	if (held->mode == FILTER_EXCLUDE && !held->n_sources)
		text_add(text, "for every source");
	else
		text_add(text, "with %s of %u source%s",
			 held->mode == FILTER_INCLUDE ? "INCLUDE" : "EXCLUDE",
			 held->n_sources, held->n_sources == 1 ? "" : "s");
}

static void explain_in_use(struct text *text, const struct scene *scene)
{
	text_add(text, "the socket is a member of %s on %s already, ", scene->group,
		 scene->interface);
	add_stored(text, &scene->held);
	if (explain_is_stale(scene->rq))
		text_add(text, "; but that interface was replaced since, and the new one "
			       "is not joined: leave the group and join it again");
	else if (scene->rq->verb == JOIN_GROUP)
		text_add(text, ": leave it first, or set the whole filter");
	else
		text_add(text, ", which is the filter asked for: nothing was changed "
			       "(MSF_IDEMPOTENT makes this a success)");
}

static void add_other_interface(struct text *text, const struct scene *scene)
{
	char name[TEXT_INTERFACE_SIZE];
	struct msf_membership m;
	struct msf_state *state;
	struct addr group;

	if (msf_state_new(&state, scene->msf, scene->fd) < 0)
		return;
	while (msf_state_pop_membership(state, &m)) {
		sockaddr_get((struct sockaddr *)&m.group, &group);
		if (addr_equal(group, scene->rq->group))
			text_add(text, "; it is one on %s",
				 text_format_interface(m.ifindex, name));
	}
	msf_state_free(state);
}

static void explain_not_member(struct text *text, const struct scene *scene)
{
	text_add(text, "the socket is not a member of %s on %s", scene->group,
		 scene->interface);
	add_other_interface(text, scene);
	if (scene->rq->verb == BLOCK_SOURCE || scene->rq->verb == UNBLOCK_SOURCE)
		text_add(text, "; sources are blocked and unblocked in a group joined "
			       "for every source: join the group first");
	else if (scene->rq->verb == SET_INCLUDE)
		text_add(text, ", so there is nothing that INCLUDE {} could leave");
	else
		text_add(text, ": join first, or name the interface it was joined on");
}

static void explain_source(struct text *text, const struct scene *scene)
{
	uint32_t n = scene->held.n_sources;

	switch (scene->rq->verb) {
	case JOIN_SOURCE:
		text_add(text, "source %s of %s is joined on %s already", scene->source,
			 scene->group, scene->interface);
		break;
	case LEAVE_SOURCE:
		text_add(text,
			 "source %s is not among the %u joined source%s of %s on %s",
			 scene->source, n, n == 1 ? "" : "s", scene->group,
			 scene->interface);
		break;
	case BLOCK_SOURCE:
		text_add(text, "source %s of %s is blocked on %s already", scene->source,
			 scene->group, scene->interface);
		break;
	default:
		text_add(text,
			 "source %s is not among the %u blocked source%s of %s on %s",
			 scene->source, n, n == 1 ? "" : "s", scene->group,
			 scene->interface);
	}
}

static void explain_mode(struct text *text, const struct scene *scene)
{
	text_add(text, "%s is joined on %s ", scene->group, scene->interface);
	add_stored(text, &scene->held);
	if (scene->held.mode == FILTER_INCLUDE)
		text_add(text,
			 ": in INCLUDE mode sources are joined and left, not blocked; "
			 "use leave_source or join_source, or set the whole filter");
	else
		text_add(text, ": in EXCLUDE mode sources are blocked and unblocked, not "
			       "joined; leave the group first, or set the whole filter");
}

static bool is_source_delta(enum request_verb verb)
{
	return verb == JOIN_SOURCE || verb == LEAVE_SOURCE || verb == BLOCK_SOURCE ||
	       verb == UNBLOCK_SOURCE;
}

/* An interface that exists and still answers ENODEV or EINVAL. */
static bool explain_no_ipv6(struct text *text, const struct scene *scene)
{
	struct msf_interface interface;

	if (scene->rq->family != AF_INET6 ||
	    interface_get(scene->rq->ifindex, &interface) < 0 || interface.mtu >= 1280)
		return false;
	text_add(text,
		 "%s has no IPv6, because its MTU of %u is below 1280 (RFC 8200 5): "
		 "ip link set %s mtu 1280",
		 interface.name, interface.mtu, interface.name);
	return true;
}

static bool explain_by_state(struct text *text, const struct scene *scene, int error)
{
	bool is_member = scene->held.mode != FILTER_NONE;

	switch (error) {
	case EADDRINUSE:
		if (!is_member)
			return false;
		explain_in_use(text, scene);
		return true;
	case EADDRNOTAVAIL:
		if (!is_member)
			explain_not_member(text, scene);
		else if (is_source_delta(scene->rq->verb))
			explain_source(text, scene);
		else
			return false;
		return true;
	case EINVAL:
		if (explain_no_ipv6(text, scene))
			return true;
		if (!is_source_delta(scene->rq->verb))
			return false;
		if (is_member)
			explain_mode(text, scene);
		else
			explain_not_member(text, scene);
		return true;
	case ENODEV:
		return explain_no_ipv6(text, scene);
	default:
		return false;
	}
}

static void explain_refusal(struct text *text, struct msf *msf, int fd,
			    const struct request *rq, int error)
{
	struct scene scene = { .msf = msf, .fd = fd, .rq = rq };
	enum msf_backend backend = MSF_BACKEND_KERNEL;
	bool is_asm = !backend_resolve(msf, fd, &backend) && backend == MSF_BACKEND_ASM;

	if (backend_look(msf, fd, rq, &scene.held) < 0)
		scene.held = (struct kernel_held){ .mode = FILTER_NONE };
	text_format_address(rq->family, rq->group, scene.group);
	text_format_address(rq->family, rq->source, scene.source);
	text_format_interface(rq->ifindex, scene.interface);
	if (is_asm && explain_asm_error(text, msf, fd, error))
		return;
	if (error == ENOBUFS && is_asm)
		explain_asm_limit(text, msf, fd, rq, &scene.held);
	else if (error == ENOBUFS)
		explain_limit(text, msf, fd, rq, &scene.held);
	else if (error == ENOMEM)
		text_add(text, "the process got no memory for the request: raise its "
			       "limit (ulimit -v), or free some");
	else if (error == EMFILE || error == ENFILE)
		text_add(text, "no file descriptor was left to find out what this system "
			       "can do: raise the limit (ulimit -n), or close some");
	else if (!explain_by_state(text, &scene, error))
		text_add(text, "%s; nothing that explains it is to be seen now",
			 strerror(error));
}

/* There is no default context, because of the environment. */
static void explain_context(struct text *text, int error)
{
	if (error == -EINVAL)
		text_add(text,
			 "the environment variable MSF_BACKEND is none of auto, kernel "
			 "and asm, MSF_SEMANTICS is neither table nor linux, "
			 "MSF_MAX_SOURCES is not a number, or MSF_AGENT is longer than "
			 "the path of a socket can be");
}

/* What is wrong with socket and interface shows only on failing paths. */
static enum fault find_late_fault(int fd, const struct request *rq)
{
	enum fault fault = socket_find_fault(fd, rq->family);

	if (!fault && !socket_has_interface(fd, rq->ifindex))
		fault = FAULT_INTERFACE;
	return fault;
}

static int explain_request(struct text *text, struct msf *msf, int fd,
			   const struct msf_request *request, int error)
{
	struct request_input input = { .request = *request };
	uint32_t position = 0;
	struct request rq;
	enum fault fault = request_init(&rq, &input, msf->table, fd, &position);

	if (fault == FAULT_MEMORY && error != ENOMEM)
		return -ENOMEM;
	if (fault) {
		if (error)
			explain_fault(text, msf, fd, request, fault, position);
		return 0;
	}
	fault = find_late_fault(fd, &rq);
	if (!error)
		explain_warnings(text, msf, fd, &rq);
	else if (fault && error != ENOMEM)
		explain_fault(text, msf, fd, request, fault, 0);
	else
		explain_refusal(text, msf, fd, &rq, error);
	request_fini(&rq);
	return 0;
}

int msf_explain(struct msf *msf, int fd, const struct msf_request *request, int error,
		char *buf, size_t len)
{
	struct text text = { buf, len, 0 };
	int r;

	if (!request || (len && !buf))
		return -EFAULT;
	if (len)
		buf[0] = '\0';
	r = context_get(msf, &msf);
	if (r < 0)
		explain_context(&text, r);
	else
		r = explain_request(&text, msf, fd, request, abs(error));
	return text.length ? (int)text.length : r;
}
