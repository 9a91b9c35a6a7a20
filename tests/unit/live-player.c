/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live-player FLOWS INTERVAL_MS: the live view of mwatch on made-up samples, without a
 * network: flow i comes from 10.0.0.0 + i, has i packets fewer than the first, and so on,
 * so that a test knows what must be on the screen.  Says at last what ended it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "loop.h"
#include "view/live.h"

struct player {
	struct loop *loop;
	struct loop_source timer, signals;
	struct sink live;
	struct sample sample;
	uint64_t interval_ns;
};

static void fill_flow(const struct player *player, uint32_t i, struct sample_flow *flow)
{
	const uint8_t source[4] = { 10, (uint8_t)(i >> 16), (uint8_t)(i >> 8),
				    (uint8_t)i };
	const uint8_t group[4] = { 232, 1, (uint8_t)(i >> 8), (uint8_t)i };
	struct sample_counts *interval = &flow->interval;

	flow->id = i + 1;
	flow->family = AF_INET;
	memcpy(flow->source, source, sizeof(source));
	memcpy(flow->group, group, sizeof(group));
	flow->port = 5000;
	flow->ttl = flow->ttl_min = flow->ttl_max = 16;
	flow->sequence = i % 4 == 3 ? SAMPLE_NO_SEQUENCE : SAMPLE_RTP;
	flow->clock = SAMPLE_RTP_CLOCK;
	flow->verdict = SAMPLE_ACCEPT + i % 3;
	flow->jitter_ns = 12345 * (i + 1);
	interval->packets = 100000 - i;
	interval->bytes = interval->packets * 1316;
	interval->gap_ns = 1500000 + i;
	interval->peak_1ms = 150;
	interval->peak_100ms = 10500;
	interval->lost = i == 2;
	flow->total.packets += interval->packets;
	flow->total.bytes += interval->bytes;
	flow->total.lost += interval->lost;
	flow->total.gap_ns = interval->gap_ns;
	flow->total.peak_1ms = interval->peak_1ms;
	flow->total.peak_100ms = interval->peak_100ms;
	flow->last_ns = player->sample.when_ns;
	if (!flow->first_ns)
		flow->first_ns = player->sample.when_ns;
	for (unsigned int j = 0; j < SAMPLE_N_BUCKETS; j++)
		flow->buckets[j] = j > 2 && j < 8 ? 1000 * (j - 2) : 0;
}

static int play(void *data)
{
	struct player *player = data;
	struct sample *sample = &player->sample;
	struct sample_wire *wire = &sample->interfaces[0].interval;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	sample->when_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	sample->interval_ns = player->interval_ns;
	sample->total_ns += player->interval_ns;
	*wire = (struct sample_wire){ 0 };
	for (uint32_t i = 0; i < sample->n_flows; i++) {
		fill_flow(player, i, &sample->flows[i]);
		wire->packets += sample->flows[i].interval.packets;
		wire->bytes += sample->flows[i].interval.bytes;
	}
	wire->kernel_drops = 7;
	sample->interfaces[0].total.kernel_drops += wire->kernel_drops;
	return player->live.put(player->live.data, sample);
}

static int handle_signal(void *data)
{
	struct player *player = data;

	return loop_take_signal(&player->signals);
}

static int run(struct player *player)
{
	struct live_settings settings = { .loop = player->loop,
					  .order = ORDER_RATE,
					  .title = "made up" };
	int r = loop_add_signals(player->loop, &player->signals, handle_signal, player);

	if (r == 0)
		r = live_new(&player->live, &settings);
	if (r < 0)
		return r;
	r = loop_add_timer(player->loop, &player->timer, 1, player->interval_ns / 1000000,
			   play, player);
	if (r == 0)
		r = loop_run(player->loop);
	loop_del(player->loop, &player->timer);
	loop_del(player->loop, &player->signals);
	player->live.end(player->live.data, &player->sample);
	player->live.free(player->live.data);
	return r;
}

int main(int argc, char **argv)
{
	struct player player = { .timer = LOOP_SOURCE_INIT, .signals = LOOP_SOURCE_INIT };
	struct sample *sample = &player.sample;
	int r = -EINVAL;

	if (argc == 3) {
		sample->n_flows = (uint32_t)strtoul(argv[1], NULL, 10);
		player.interval_ns = strtoull(argv[2], NULL, 10) * 1000000;
		sample->n_interfaces = 1;
		sample->flows = calloc(sample->n_flows + 1, sizeof(*sample->flows));
		sample->interfaces = calloc(1, sizeof(*sample->interfaces));
		r = sample->flows && sample->interfaces ? loop_new(&player.loop)
							: -ENOMEM;
	}
	if (r == 0) {
		strcpy(sample->interfaces[0].name, "eth0");
		r = run(&player);
		loop_free(player.loop);
	}
	sample_fini(sample);
	printf("ended with %d\n", r);
	return 0;
}
