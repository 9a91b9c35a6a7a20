/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Check "wire" of the doctor: do routers and switches hear of sources at all?  Where the
 * kernel only has any-source joins, they do with msfd alone.
 */
#include <stdlib.h>
#include <string.h>

#include "doctor.h"

static void say_asm(const struct patient *patient, struct finding *finding)
{
	const char *agent = secure_getenv("MSF_AGENT");

	if (!patient->has_source && !doctor_is_ssm(&patient->group)) {
		finding_pass(finding, "ASM: enough for a join of any source");
		return;
	}
	finding_fail(finding,
		     "the wire is ASM: routers and switches are asked for every "
		     "source%s",
		     doctor_is_ssm(&patient->group)
			     ? ", which they ignore in the range of SSM"
			     : "");
	finding_cure(finding, "start msfd, which names the sources%s",
		     agent && !strcmp(agent, "off") ? ", and unset MSF_AGENT" : "");
}

void doctor_check_wire(const struct patient *patient, struct finding *finding)
{
	if (doctor_is_loopback(patient)) {
		finding_pass(finding, "the loopback has none");
		return;
	}
	switch (patient->wire) {
	case MSF_WIRE_KERNEL:
		finding_pass(finding, "the kernel reports the filters of this host");
		break;
	case MSF_WIRE_AGENT:
		finding_pass(finding, "msfd reports the filters of this host");
		break;
	case MSF_WIRE_ASM:
		say_asm(patient, finding);
		break;
	}
}
