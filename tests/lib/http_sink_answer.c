/* SPDX-License-Identifier: Apache-2.0 */
/* Answers, right and wrong ones: see http_sink_inside.h. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "tests/lib/http_sink_inside.h"

enum MHD_Result sink_answer(struct MHD_Connection *connection, int status, const char *body,
			    const char *name, const char *value)
{
	struct MHD_Response *response = must(MHD_create_response_from_buffer(
		strlen(body), (void *)(uintptr_t)body, MHD_RESPMEM_MUST_COPY));
	enum MHD_Result result;

	if (name != NULL) {
		(void)MHD_add_response_header(response, name, value);
	}
	result = MHD_queue_response(connection, (unsigned)status, response);
	MHD_destroy_response(response);
	return result;
}

static ssize_t drip(void *arg, uint64_t position, char *to, size_t size)
{
	struct http_sink *sink = arg;
	struct timespec until;

	(void)position;
	(void)size;
	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += 100000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&sink->lock);
	(void)pthread_cond_timedwait(&sink->changed, &sink->lock, &until);
	*to = sink->is_ending ? '\0' : '.';
	pthread_mutex_unlock(&sink->lock);
	return *to == '\0' ? MHD_CONTENT_READER_END_WITH_ERROR : 1;
}

static ssize_t half(void *arg, uint64_t position, char *to, size_t size)
{
	(void)arg;
	if (position > 0) {
		return MHD_CONTENT_READER_END_WITH_ERROR;
	}
	memset(to, '.', size < 100 ? size : 100);
	return (ssize_t)(size < 100 ? size : 100);
}

static ssize_t endless(void *arg, uint64_t position, char *to, size_t size)
{
	(void)arg;
	(void)position;
	memset(to, '.', size);
	return (ssize_t)size;
}

static enum MHD_Result answer_piecewise(struct http_sink *sink, struct MHD_Connection *connection,
					uint64_t size, MHD_ContentReaderCallback reader)
{
	struct MHD_Response *response =
		must(MHD_create_response_from_callback(size, 4096, reader, sink, NULL));
	enum MHD_Result result = MHD_queue_response(connection, 200, response);

	MHD_destroy_response(response);
	return result;
}

static int socket_of(struct MHD_Connection *connection)
{
	return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

static enum MHD_Result answer_reset(struct MHD_Connection *connection)
{
	const struct linger now = { .l_onoff = 1, .l_linger = 0 };

	check(setsockopt(socket_of(connection), SOL_SOCKET, SO_LINGER, &now, sizeof(now)) == 0);
	return MHD_NO;
}

static enum MHD_Result answer_garbage(struct MHD_Connection *connection)
{
	static const char bytes[] = "\x01\xfe nothing of HTTP \r\n\r\n";

	(void)send(socket_of(connection), bytes, sizeof(bytes), MSG_NOSIGNAL);
	return MHD_NO;
}

static enum MHD_Result answer_elsewhere(const struct http_sink *sink,
					struct MHD_Connection *connection, const char *target,
					const struct sink_plan *plan)
{
	char location[256];

	if (plan->mode == SINK_DOWNGRADE) {
		(void)snprintf(location, sizeof(location), "http://127.0.0.1:%u/", sink->port);
	} else if (plan->mode == SINK_LOOP) {
		(void)snprintf(location, sizeof(location), "/loop%.200s", target);
	} else {
		(void)snprintf(location, sizeof(location), "/moved");
	}
	return sink_answer(connection, plan->status != 0 ? plan->status : 307, "", "Location",
			   location);
}

enum MHD_Result sink_carry_out(struct http_sink *sink, struct MHD_Connection *connection,
				 const char *target, const struct sink_plan *plan)
{
	switch (plan->mode) {
	case SINK_STATUS:
		return sink_answer(connection, plan->status, "{\"error\":\"as planned\"}",
			      plan->retry_after[0] != '\0' ? "Retry-After" : NULL,
			      plan->retry_after);
	case SINK_DRIP:
		return answer_piecewise(sink, connection, MHD_SIZE_UNKNOWN, drip);
	case SINK_HALF:
		return answer_piecewise(sink, connection, 1000, half);
	case SINK_LONG:
		return answer_piecewise(sink, connection, MHD_SIZE_UNKNOWN, endless);
	case SINK_GARBAGE:
		return answer_garbage(connection);
	case SINK_RESET:
		return answer_reset(connection);
	case SINK_LOOP:
	case SINK_DOWNGRADE:
	case SINK_MOVED:
		return answer_elsewhere(sink, connection, target, plan);
	case SINK_HANG:
		return MHD_NO;
	case SINK_OK:
	case SINK_MODE_COUNT:
		break;
	}
	return sink_answer(connection, 204, "", NULL, NULL);
}
