/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flow-sample: what a sample says about a flow.
 */
#ifndef MWATCH_FLOW_FLOW_SAMPLE_H
#define MWATCH_FLOW_FLOW_SAMPLE_H

#include "flow.h"

/* Fills *ret but for the verdict, and begins the next interval of the flow. */
void flow_sample_take(struct flow *flow, struct flow_rest *rest, struct sample_flow *ret);

#endif
