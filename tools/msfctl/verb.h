/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verb: one word behind msfctl, and what carries it out. A verb is a file (or a
 * few, with its name in front) with a descriptor; main only looks for the name.
 */
#ifndef MSFCTL_VERB_H
#define MSFCTL_VERB_H

struct verb {
	const char *name;
	const char *arguments; /* as in "Usage: msfctl NAME [OPTION...] ARGUMENTS" */
	const char *help;      /* one line */
	/* argv[0] is "msfctl NAME". Returns an exit status (output.h). */
	int (*run)(const struct verb *verb, int argc, const char **argv);
};

extern const struct verb agent_verb;
extern const struct verb batch_verb;
extern const struct verb block_verb;
extern const struct verb doctor_verb;
extern const struct verb get_verb;
extern const struct verb join_source_verb;
extern const struct verb join_verb;
extern const struct verb leave_source_verb;
extern const struct verb leave_verb;
extern const struct verb monitor_verb;
extern const struct verb probe_verb;
extern const struct verb run_verb;
extern const struct verb set_verb;
extern const struct verb show_verb;
extern const struct verb table_verb;
extern const struct verb unblock_verb;

#endif
