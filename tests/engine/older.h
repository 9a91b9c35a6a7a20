/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * older: what the tests of the older versions share: sequences of lines with the times
 * they must come at, and messages that no querier and no host would send.
 */
#ifndef ENGINE_OLDER_H
#define ENGINE_OLDER_H

#include "rig.h"

#define MS     1000ull
#define SECOND ENGINE_SECOND

/* A test with a rig of its own. */
struct older_test {
	const char *sentence; /* with its rows */
	void (*run)(struct tap *tap, struct rig *rig);
};

/* Runs them; returns the exit status. */
int older_run(const struct older_test *tests, size_t n_tests);

/* Ends the rig, and begins anew with another seed. */
void older_restart(struct rig *rig, struct tap *tap, uint64_t seed);

/* One line behind an origin: after < time <= until; where both are the same: then. */
struct step {
	const char *text;
	uint64_t after, until; /* us */
};

/* Are the rig's lines these, no more and no less? */
bool older_expect(struct tap *tap, const struct rig *rig, uint64_t origin,
		  const struct step *steps, size_t n_steps, const char *what);

#define EXPECT_STEPS(tap, rig, origin, what, ...)                      \
	older_expect(tap, rig, origin, (struct step[]){ __VA_ARGS__ }, \
		     sizeof((struct step[]){ __VA_ARGS__ }) / sizeof(struct step), what)

/* Nothing was sent. */
bool older_expect_silence(struct tap *tap, const struct rig *rig, const char *what);

/* Are the bytes of the line those in hex? . is any digit, blanks do not count. */
bool older_expect_bytes(struct tap *tap, const struct rig_line *line, const char *hex);

/* Both families by the same tests: what they have in common is here. */
struct protocol {
	enum engine_family family;
	uint8_t older, newest;
	const char *name, *group, *other, *source;
	const char *report, *leave; /* of the older version */
	const char *join, *stop, *state;
	enum engine_counter our_reports, newest_sent;
};

extern const struct protocol older_protocols[ENGINE_FAMILIES];

/* Runs it for each, with a rig of its own. */
void older_for_both(struct tap *tap, struct rig *rig,
		    void (*run)(const struct protocol *p, struct tap *tap,
				struct rig *rig));

/* Is that version in force? */
void older_expect_version(const struct protocol *p, struct tap *tap,
			  const struct rig *rig, uint8_t version, const char *when);

/* Joins the group, until all unsolicited reports are sent. */
void older_settle(const struct protocol *p, struct rig *rig);

/* A new group is told at once with that line. */
void older_expect_join(struct tap *tap, struct rig *rig, const char *group,
		       const char *line);

/* Hears a query of the newest version with 10 s. */
void older_ask_newest(const struct protocol *p, struct rig *rig, const char *group,
		      const char *sources);

/* A message of 8 or 24 bytes, and what is wrong with it. */
struct raw {
	enum engine_family family;
	uint8_t type, code;
	uint16_t delay;        /* MLD: Maximum Response Delay */
	const char *group;     /* NULL: unspecified */
	const char *from, *to; /* NULL: 10.9.0.254, fe80::fe; the group, or all hosts */
	uint8_t hop_limit;     /* 0: 1 */
	bool is_without_alert;
	bool is_own;
	bool is_broken;   /* its checksum */
	size_t n_extra;   /* bytes 0xa5 behind it, in the checksum */
	size_t n_cut;     /* bytes of its end that did not arrive */
	size_t total_len; /* of the datagram; 0: what it is */
};

#define RAW_QUERY       0x11
#define RAW_V1_REPORT   0x12
#define RAW_V2_REPORT   0x16
#define RAW_LEAVE       0x17
#define RAW_V3_REPORT   0x22
#define RAW_MLD_QUERY   130
#define RAW_MLD_REPORT  131
#define RAW_MLD_DONE    132
#define RAW_MLD2_REPORT 143

/* What engine_receive() says to it on interface ifindex. */
int older_hear_on(struct rig *rig, uint32_t ifindex, const struct raw *raw);
int older_hear(struct rig *rig, const struct raw *raw);

/* A General Query of that version. */
int older_general(struct rig *rig, enum engine_family family, uint8_t version,
		  uint64_t max_response_ms);
/* A query of that version for a group. */
int older_specific(struct rig *rig, enum engine_family family, uint8_t version,
		   const char *group, uint64_t max_response_ms);

/* The Host Compatibility Mode. */
uint8_t older_version(const struct rig *rig, enum engine_family family);
struct engine_status older_status(const struct rig *rig, enum engine_family family);

/* Forces the version on the rig's interface; bails out when that fails. */
void older_force(struct rig *rig, enum engine_family family, uint8_t version);

/* Sets a tunable; bails out when that fails. */
void older_tune(struct rig *rig, enum engine_tunable tunable, uint64_t value);

uint64_t older_count(const struct rig *rig, enum engine_counter counter);

/* rig_set(), which must not fail, and pulls. */
void older_filter(struct rig *rig, const char *group, const char *filter);

/* Gathers delays out of (0, max] over many seeds. */
struct spread {
	uint64_t max;   /* us */
	unsigned int n; /* delays */
	unsigned int quarter[4];
	unsigned int n_wrong; /* 0, or above max */
	uint64_t wrong;
	bool has_fraction; /* not all are whole milliseconds */
};

void spread_init(struct spread *spread, uint64_t max);
void spread_add(struct spread *spread, uint64_t delay);
/* Are all of them in (0, max], and is no quarter empty? */
bool spread_expect(const struct spread *spread, struct tap *tap, const char *what);

/* IGMPv2 without a newer version, IGMPv1 by a querier beside it. The second: and joined,
 * both unsolicited reports sent. */
void older_speak_igmp(struct rig *rig, uint8_t version);
void older_settle_igmp(struct rig *rig, uint8_t version, const char *group);

#endif
