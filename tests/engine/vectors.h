/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vectors: messages as bytes and as text, for the tests of the codec. What is made here
 * does not use the engine's encoder, but where it says so.
 *
 * Records are text: "ALLOW(239.1.1.1){10.0.0.1,10.0.0.2} TO_EX(239.1.1.2){}".
 */
#ifndef VECTORS_H
#define VECTORS_H

#include "engine/proto.h"

#define VECTOR_MAX (ENGINE_PACKET_MAX + 64)

/* A datagram. */
struct vector {
	size_t len;
	size_t message; /* where it begins */
	uint8_t bytes[VECTOR_MAX];
};

extern const struct proto *const vector_protos[ENGINE_FAMILIES];

/* The program ends when the text is no address. */
struct addr vector_addr(const char *text);

/* Hexadecimal digits. Returns the number of bytes. */
size_t vector_read_hex(const char *hex, uint8_t *ret_bytes);

/* The sum that a right checksum makes 0xffff, by division. */
uint32_t vector_sum(const uint8_t *bytes, size_t len);

/*
 * A query's IP headers with Router Alert (10.9.0.254 to 224.0.0.1, fe80::fe to ff02::1)
 * around a message, whose checksum is set right.
 */
void vector_wrap(struct vector *ret, enum engine_family family, const uint8_t *message,
		 size_t len);

/* The checksum of the message is set right, whatever IP headers it has. */
void vector_mend(struct vector *vector);

/* engine_read_datagram() and decode() on a copy that has no byte too many: what they
 * return, and whether all they return lies within the bytes. 0 or -errno. The views
 * are into the vector. */
int vector_decode(const struct vector *vector, struct engine_datagram *ret_datagram,
		  struct message *ret, bool *ret_is_within);

/* The same of a message in vector_wrap()'s headers. The datagram has to be whole. */
enum message_kind vector_decode_message(enum engine_family family, const uint8_t *message,
					size_t len, struct vector *vector,
					struct message *ret);

/* A report of the newest version by the engine's encoder. */
void vector_encode_report(struct vector *ret, enum engine_family family, const char *from,
			  const char *records, bool has_alert);

/* An older report, leave or done by the engine's encoder. */
void vector_encode_older(struct vector *ret, enum engine_family family, const char *from,
			 uint8_t version, const char *group, bool is_leave,
			 bool has_alert);

/* The records of a report as text, from malloc(): "ALLOW(...){...} ...", a type that
 * nobody knows as a number; with " short" behind it where the rest is broken. */
char *vector_print_records(enum engine_family family, struct message message);

#endif
