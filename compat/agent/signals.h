/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signals: none of a thread's, for a while or for good. Those that an instruction causes
 * stay: a program ends where these are blocked, and seccomp or an emulator may need them.
 */
#ifndef AGENT_SIGNALS_H
#define AGENT_SIGNALS_H

#include <signal.h>
#include <stddef.h>

/* *ret_mask is what to go back to, by pthread_sigmask(). */
static inline void signals_block(sigset_t *ret_mask)
{
	static const int caused[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS };
	sigset_t all;

	sigfillset(&all);
	for (size_t i = 0; i < sizeof(caused) / sizeof(caused[0]); i++)
		sigdelset(&all, caused[i]);
	pthread_sigmask(SIG_SETMASK, &all, ret_mask);
}

#endif
