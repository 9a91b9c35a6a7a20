/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The doctor's last sentence: which of the findings is the cause?  What stops datagrams
 * before the wire of this host is none for those that are seen on it, and what stops
 * them behind it is none for those that are not.
 */
#include "doctor.h"

enum stage {
	STAGE_WIRE,    /* nothing of it is on the wire */
	STAGE_HOST,    /* it is, but is not delivered */
	STAGE_ARRIVED, /* it is delivered */
	STAGE_BLIND,   /* not delivered, and the wire cannot be looked at */
};

#define AT(stage) (1u << (stage))

#define UNDELIVERED (AT(STAGE_WIRE) | AT(STAGE_HOST) | AT(STAGE_BLIND))

/* At which stages a check that failed is the cause, the likeliest first. */
static const struct cause {
	enum doctor_check check;
	unsigned int stages;
} causes[] = {
	{ DOCTOR_INTERFACE, UNDELIVERED },
	{ DOCTOR_ROUTE, AT(STAGE_HOST) | AT(STAGE_BLIND) },
	{ DOCTOR_FIREWALL, AT(STAGE_HOST) | AT(STAGE_BLIND) },
	{ DOCTOR_ADDRESS, UNDELIVERED },
	{ DOCTOR_REPORT, UNDELIVERED },
	{ DOCTOR_WIRE, AT(STAGE_WIRE) | AT(STAGE_BLIND) },
	{ DOCTOR_SNOOPING, AT(STAGE_WIRE) | AT(STAGE_BLIND) },
	{ DOCTOR_VERSION, AT(STAGE_WIRE) | AT(STAGE_BLIND) },
	{ DOCTOR_QUERIER, AT(STAGE_WIRE) | AT(STAGE_BLIND) },
};

#define N_CAUSES (sizeof(causes) / sizeof(*causes))

static enum stage get_stage(const struct patient *patient)
{
	const struct watch *watch = &patient->watch;

	if (watch->n_delivered > 0)
		return STAGE_ARRIVED;
	if (watch->is_run && watch->wire_error)
		return STAGE_BLIND;
	return doctor_count_wire(patient) > 0 ? STAGE_HOST : STAGE_WIRE;
}

static const struct finding *find_cause(const struct patient *patient, enum stage stage)
{
	for (size_t i = 0; i < N_CAUSES; i++)
		if ((causes[i].stages & AT(stage)) &&
		    doctor_has(patient, causes[i].check, FINDING_FAIL))
			return &patient->findings[causes[i].check];
	return NULL;
}

/* Any other check that failed, the traffic apart. */
static const struct finding *find_fault(const struct patient *patient)
{
	for (unsigned int i = 0; i < DOCTOR_N_CHECKS; i++)
		if (i != DOCTOR_TRAFFIC && patient->findings[i].result == FINDING_FAIL)
			return &patient->findings[i];
	return NULL;
}

static void sum_up_arrived(const struct patient *patient, struct finding *ret)
{
	const struct finding *fault = find_fault(patient);

	if (!fault) {
		finding_pass(ret, "it arrives and is delivered");
		return;
	}
	finding_fail(ret, "it arrives and is delivered here, but %s", fault->detail);
	finding_cure(ret, "%s", fault->cure);
}

/* Nothing that failed is the cause. */
static void sum_up_unexplained(const struct patient *patient, enum stage stage,
			       struct finding *ret)
{
	const struct finding *traffic = &patient->findings[DOCTOR_TRAFFIC];
	const struct finding *fault = find_fault(patient);

	if (traffic->result == FINDING_UNKNOWN)
		finding_unknown(ret, "whether it is delivered is not known: %s",
				traffic->detail);
	else if (stage == STAGE_WIRE && doctor_find_other(patient))
		finding_fail(ret, "what was asked for does not arrive: %s",
			     traffic->detail);
	else if (stage == STAGE_WIRE && doctor_has(patient, DOCTOR_QUERIER, FINDING_PASS))
		finding_unknown(ret,
				"this host has asked for it and nothing arrives: the "
				"sender is silent, or a router or switch between "
				"does not pass it on");
	else if (stage == STAGE_WIRE)
		finding_unknown(ret, "nothing arrives: the sender is silent, or a switch "
				     "that snoops without a querier, or a router, does "
				     "not pass it on");
	else
		finding_unknown(ret,
				"nothing is delivered, and nothing seen here says why");
	finding_cure(ret, "%s", traffic->cure);
	if (!fault)
		return;
	ret->result = FINDING_FAIL;
	finding_add(ret, "besides, %s", fault->detail);
}

void doctor_sum_up(const struct patient *patient, struct finding *ret)
{
	enum stage stage = get_stage(patient);
	const struct finding *cause;

	if (stage == STAGE_ARRIVED) {
		sum_up_arrived(patient, ret);
		return;
	}
	cause = find_cause(patient, stage);
	if (!cause) {
		sum_up_unexplained(patient, stage, ret);
		return;
	}
	finding_fail(ret, "nothing is delivered, most likely because %s", cause->detail);
	finding_cure(ret, "%s", cause->cure);
}
