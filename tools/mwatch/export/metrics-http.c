/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * metrics-http: /metrics over HTTP (RFC 9110), by libmicrohttpd in a thread of its own.
 *
 * Invariant: the thread has no capabilities, and never keeps put() waiting; a client gets
 * one sample, the last one that was complete when it asked, however slowly it reads.
 * Connections, their memory and their time are limited.
 */
#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "metrics-accept.h"
#include "metrics-listen.h"
#include "metrics-page.h"
#include "metrics-snapshot.h"
#include "output.h"
#include "privilege.h"

#define MAX_CONNECTIONS   16u
#define CONNECTION_MEMORY ((size_t)65536)
#define IDLE_SECONDS      10u
#define PAGE_SECONDS      60 /* to read all of one page */
#define PIECE_SIZE        32768

struct metrics_http {
	int fd; /* listens; the daemon's once it runs */
	struct MHD_Daemon *daemon;
	int start_error;      /* -errno: why there is none */
	pthread_mutex_t lock; /* of what follows */
	struct metrics_snapshot *latest;
};

/* One page on its way to a client. */
struct transfer {
	struct metrics_snapshot *snapshot; /* held */
	struct metrics_page *page;
	time_t deadline;
	size_t done, len; /* of the piece */
	char piece[PIECE_SIZE];
};

static const char start_page[] =
	"<!DOCTYPE html>\n"
	"<html lang=\"en\"><head><title>mwatch</title></head>\n"
	"<body><h1>mwatch</h1><p><a href=\"/metrics\">Metrics</a></p></body></html>\n";

static const char *const content_types[] = {
	[METRICS_OPENMETRICS] =
		"application/openmetrics-text; version=1.0.0; charset=utf-8",
	[METRICS_TEXT] = "text/plain; version=0.0.4; charset=utf-8",
};

static time_t get_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static void transfer_free(void *data)
{
	struct transfer *transfer = data;

	metrics_page_free(transfer->page);
	metrics_snapshot_unref(transfer->snapshot);
	free(transfer);
}

/* Takes over the snapshot. NULL: no memory. */
static struct transfer *transfer_new(struct metrics_snapshot *snapshot,
				     enum metrics_format format)
{
	struct transfer *transfer = malloc(sizeof(*transfer));

	if (!transfer ||
	    metrics_page_new(&transfer->page, metrics_snapshot_get_sample(snapshot),
			     format) < 0) {
		free(transfer);
		metrics_snapshot_unref(snapshot);
		return NULL;
	}
	transfer->snapshot = snapshot;
	transfer->deadline = get_seconds() + PAGE_SECONDS;
	transfer->done = 0;
	transfer->len = 0;
	return transfer;
}

static ssize_t transfer_read(void *data, uint64_t position, char *buf, size_t max)
{
	struct transfer *transfer = data;
	size_t n;

	(void)position;
	if (get_seconds() > transfer->deadline)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (transfer->done == transfer->len) {
		transfer->done = 0;
		transfer->len = metrics_page_read(transfer->page, transfer->piece,
						  sizeof(transfer->piece));
	}
	n = transfer->len - transfer->done;
	if (n == 0)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (n > max)
		n = max;
	memcpy(buf, transfer->piece + transfer->done, n);
	transfer->done += n;
	return (ssize_t)n;
}

/* Answers and frees; response NULL: no memory, the connection is closed. */
static enum MHD_Result answer(struct MHD_Connection *connection, unsigned int status,
			      struct MHD_Response *response)
{
	enum MHD_Result is_queued;

	if (!response)
		return MHD_NO;
	is_queued = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return is_queued;
}

static struct MHD_Response *new_response(const char *text, const char *type)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		strlen(text), (void *)text, MHD_RESPMEM_PERSISTENT);

	if (response)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	return response;
}

/* One more line that a client needs to know. */
static enum MHD_Result refuse(struct MHD_Connection *connection, unsigned int status,
			      const char *text, const char *header, const char *value)
{
	struct MHD_Response *response = new_response(text, "text/plain; charset=utf-8");

	if (response && header)
		MHD_add_response_header(response, header, value);
	return answer(connection, status, response);
}

static struct metrics_snapshot *take_latest(struct metrics_http *http)
{
	struct metrics_snapshot *latest;

	pthread_mutex_lock(&http->lock);
	latest = http->latest ? metrics_snapshot_ref(http->latest) : NULL;
	pthread_mutex_unlock(&http->lock);
	return latest;
}

static enum MHD_Result answer_metrics(struct metrics_http *http,
				      struct MHD_Connection *connection)
{
	enum metrics_format format = metrics_accept_choose(MHD_lookup_connection_value(
		connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT));
	struct metrics_snapshot *latest = take_latest(http);
	struct MHD_Response *response;
	struct transfer *transfer;

	if (!latest)
		return refuse(connection, MHD_HTTP_SERVICE_UNAVAILABLE,
			      "the first interval is not over yet\n",
			      MHD_HTTP_HEADER_RETRY_AFTER, "1");
	transfer = transfer_new(latest, format);
	if (!transfer)
		return MHD_NO;
	response = MHD_create_response_from_callback(
		MHD_SIZE_UNKNOWN, PIECE_SIZE, transfer_read, transfer, transfer_free);
	if (!response) {
		transfer_free(transfer);
		return MHD_NO;
	}
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
				content_types[format]);
	MHD_add_response_header(response, MHD_HTTP_HEADER_VARY, "Accept");
	return answer(connection, MHD_HTTP_OK, response);
}

static enum MHD_Result handle(void *data, struct MHD_Connection *connection,
			      const char *url, const char *method, const char *version,
			      const char *body, size_t *n_body, void **request)
{
	struct metrics_http *http = data;

	(void)version;
	(void)body;
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 &&
	    strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
			      "metrics can be read only\n", MHD_HTTP_HEADER_ALLOW,
			      "GET, HEAD");
	/* The first call is for the headers alone; a body is of no use. */
	if (!*request || *n_body) {
		*request = http;
		*n_body = 0;
		return MHD_YES;
	}
	if (strcmp(url, "/metrics") == 0)
		return answer_metrics(http, connection);
	if (strcmp(url, "/") == 0)
		return answer(connection, MHD_HTTP_OK,
			      new_response(start_page, "text/html; charset=utf-8"));
	return refuse(connection, MHD_HTTP_NOT_FOUND, "there is /metrics only\n", NULL,
		      NULL);
}

/* The thread of the daemon inherits what this one has: no capabilities, no signals. */
static void *start_daemon(void *data)
{
	struct metrics_http *http = data;

	http->start_error = privilege_drop(false);
	if (http->start_error < 0)
		return NULL;
	http->daemon = MHD_start_daemon(
		MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, handle, http,
		MHD_OPTION_LISTEN_SOCKET, http->fd, MHD_OPTION_CONNECTION_LIMIT,
		MAX_CONNECTIONS, MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY,
		MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS, MHD_OPTION_END);
	if (!http->daemon)
		http->start_error = errno ? -errno : -ENOMEM;
	return NULL;
}

static int start_apart(struct metrics_http *http)
{
	sigset_t all, before;
	pthread_t thread;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = -pthread_create(&thread, NULL, start_daemon, http);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r < 0)
		return r;
	pthread_join(thread, NULL);
	return http->start_error;
}

static int put(void *data, const struct sample *sample)
{
	struct metrics_http *http = data;
	struct metrics_snapshot *snapshot, *before = http->latest;
	int r = metrics_snapshot_new(&snapshot, sample, before);

	if (r < 0)
		return r;
	pthread_mutex_lock(&http->lock);
	http->latest = snapshot;
	pthread_mutex_unlock(&http->lock);
	metrics_snapshot_unref(before);
	return 0;
}

static void *http_free(void *data)
{
	struct metrics_http *http = data;

	if (!http)
		return NULL;
	if (http->daemon)
		MHD_stop_daemon(http->daemon);
	else if (http->fd >= 0)
		close(http->fd);
	metrics_snapshot_unref(http->latest);
	pthread_mutex_destroy(&http->lock);
	free(http);
	return NULL;
}

int metrics_http_new(struct sink *ret, const char *address)
{
	struct metrics_http *http = calloc(1, sizeof(*http));
	int r;

	if (!http)
		return -ENOMEM;
	pthread_mutex_init(&http->lock, NULL);
	http->fd = metrics_listen_open(address);
	if (http->fd < 0) {
		r = http->fd;
		http_free(http);
		return r;
	}
	r = start_apart(http);
	if (r < 0) {
		output_error("--listen", "%s: %s", address, strerror(-r));
		http_free(http);
		return r;
	}
	*ret = (struct sink){ put, NULL, http_free, http };
	return 0;
}
