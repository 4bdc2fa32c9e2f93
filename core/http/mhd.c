/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libmicrohttpd: the only file that includes it. Its callbacks, in the order
 * in which a request meets them: first line, head, body, end. All run inside
 * mhd_run(), on the thread "http".
 *
 * The library asks for an answer at three points: after the head (an answer
 * then closes the connection, because the body is not read), after the body,
 * and after the instance has answered and the connection was resumed.
 */
#include <errno.h>
#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/text.h"
#include "core/http/admit.h"
#include "core/http/conn.h"
#include "core/http/tls.h"

#define MEMORY_PER_CONNECTION ((size_t)32 * 1024)
#define DRAIN_BYTES_MAX       ((uint64_t)256 * 1024)    /* of a body nobody wants */
#define BODIES_BYTES_MAX      ((size_t)64 * 1024 * 1024)
#define STREAM_BLOCK          ((size_t)32 * 1024)
#define SECOND                1000000000

static enum MHD_Result conn_queue(struct conn *conn, struct answer *answer,
				  struct MHD_Response *response)
{
	enum MHD_Result ret = MHD_NO;
	bool has_cache = false;

	if (response != NULL) {
		for (size_t i = 0; i < answer->header_count; i++) {
			const struct ew_http_header *header = &answer->headers[i];

			has_cache = has_cache || strcasecmp(header->name, "Cache-Control") == 0;
			if (MHD_add_response_header(response, header->name, header->value) !=
			    MHD_YES) {
				conn->is_cut = true;
			}
		}
		if (!has_cache) {
			(void)MHD_add_response_header(response, "Cache-Control", "no-store");
		}
		(void)MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
		if (!conn->is_cut) {
			ret = MHD_queue_response(conn->mhd, (unsigned)answer->status, response);
		}
		MHD_destroy_response(response);
	}
	conn_enter(conn, PHASE_SEND, 0);
	conn_count(conn, &conn->listener->http->stats.requests[
			   ret == MHD_YES ? (answer->status / 100) % 6 : 0]);
	return ret;
}

/* Send an answer that is there whole; consumes it. */
static enum MHD_Result conn_send(struct conn *conn, struct answer *answer)
{
	enum MHD_ResponseMemoryMode mode = MHD_RESPMEM_MUST_FREE;
	struct MHD_Response *response;
	enum MHD_Result ret;

	if (answer->body_is_static || answer->body == NULL) {
		mode = MHD_RESPMEM_PERSISTENT;
	}
	response = MHD_create_response_from_buffer(answer->body_size, answer->body, mode);
	if (response != NULL) {
		answer->body = NULL;
		http_lock(conn->listener->http);
		conn->listener->http->stats.sent_bytes += answer->body_size;
		http_unlock(conn->listener->http);
	}
	ret = conn_queue(conn, answer, response);
	answer_fini(answer);
	return ret;
}

/* The library asks for more of a stream. */
static ssize_t conn_read_stream(void *cls, uint64_t position, char *out, size_t room)
{
	struct conn *conn = cls;
	enum request_state state;
	size_t n;

	(void)position;
	if (conn->is_cut) {
		return MHD_CONTENT_READER_END_WITH_ERROR;
	}
	state = request_look(conn->req);
	if (conn->sent == conn->sending.size) {
		buf_clear(&conn->sending);
		conn->sent = 0;
		state = request_fetch(conn->req, &conn->sending, 0);
	}
	if (state == REQUEST_CUT) {
		return MHD_CONTENT_READER_END_WITH_ERROR;
	}
	n = conn->sending.size - conn->sent;
	if (n > 0) {
		n = n < room ? n : room;
		memcpy(out, conn->sending.at + conn->sent, n);
		conn->sent += n;
		(void)request_fetch(conn->req, NULL, n);
		return (ssize_t)n;
	}
	if (state != REQUEST_STREAMING) {
		return MHD_CONTENT_READER_END_OF_STREAM;
	}
	conn_suspend(conn);
	return 0;
}

/* The instance has answered, or there is nobody to answer to. */
static enum MHD_Result conn_answer(struct conn *conn)
{
	enum request_state state = request_look(conn->req);
	struct MHD_Response *response;
	struct answer answer;
	enum MHD_Result ret;

	if (conn->is_cut || state == REQUEST_PARKED || state == REQUEST_CUT) {
		return MHD_NO;
	}
	request_take_answer(conn->req, &answer);
	if (state == REQUEST_ANSWERED) {
		return conn_send(conn, &answer);
	}
	buf_init(&conn->sending, 0);
	conn->sent = 0;
	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK,
						     conn_read_stream, conn, NULL);
	ret = conn_queue(conn, &answer, response);
	answer_fini(&answer);
	return ret;
}

/* The request is here whole. */
static enum MHD_Result conn_dispatch(struct conn *conn)
{
	struct http_route *route = conn->route;
	int64_t deadline = conn->listener->timeouts.answer;
	int ret;

	if (conn->early.status != 0) {
		return conn_send(conn, &conn->early);
	}
	if (route->spec.deadline > 0) {
		deadline = route->spec.deadline;
	}
	conn->route = NULL;
	ret = request_hand_over(conn->req, route);
	if (ret == 0) {
		conn_enter(conn, PHASE_WAIT, deadline);
		conn_suspend(conn);
		return MHD_YES;
	}
	answer_error(503, ret == -EBUSY ? "too many requests are waiting" : "stopping",
		     &conn->early);
	answer_add_header(&conn->early, "Retry-After", "5");
	return conn_send(conn, &conn->early);
}

static enum MHD_Result conn_upload(struct conn *conn, const char *bytes, size_t size)
{
	struct listener *l = conn->listener;
	struct buf *body = &conn->req->body;

	if (conn->early.status == 0) {
		if (l->bodies + size > BODIES_BYTES_MAX) {
			answer_error(503, "too much is being received", &conn->early);
		} else if (buf_add(body, bytes, size) == 0) {
			l->bodies += size;
			return MHD_YES;
		} else if (body->fault == -EMSGSIZE) {
			answer_error(413, "the body is larger than this path takes", &conn->early);
		} else {
			answer_error(503, "no memory", &conn->early);
		}
	}
	/* an answer in mid-body is not possible: wait for its end, but not for ever */
	conn->drained += size;
	return conn->drained > DRAIN_BYTES_MAX ? MHD_NO : MHD_YES;
}

static enum MHD_Result on_header(void *cls, enum MHD_ValueKind kind, const char *name,
				 const char *value)
{
	(void)kind;
	request_add_header(cls, name, value != NULL ? value : "");
	return MHD_YES;
}

static const char *conn_header(struct conn *conn, const char *name)
{
	return MHD_lookup_connection_value(conn->mhd, MHD_HEADER_KIND, name);
}

/* A head is here. */
static enum MHD_Result conn_begin(struct conn *conn, const char *method)
{
	struct listener *l = conn->listener;
	struct head head = {.method = method};
	const char *length = conn_header(conn, "Content-Length");

	head.authorization = conn_header(conn, "Authorization");
	head.is_sized = length != NULL && text_parse_uint(length, &head.body_size) == 0;
	head.has_body = conn_header(conn, "Transfer-Encoding") != NULL ||
			(length != NULL && (!head.is_sized || head.body_size > 0));
	memcpy(conn->req->address, conn->address, sizeof(conn->req->address));

	(void)MHD_get_connection_values(conn->mhd, MHD_HEADER_KIND, on_header, conn->req);
	if (!request_end_headers(conn->req)) {
		answer_error(431, "the header lines are too many or too long", &conn->early);
	} else {
		request_admit(conn->req, &head, conn->uri_error, &conn->route, &conn->early);
	}
	conn_enter(conn, PHASE_BODY, l->timeouts.body);
	if (conn->route != NULL) {
		buf_init(&conn->req->body, conn->route->spec.body_max);
	} else if (head.has_body && (conn_header(conn, "Expect") != NULL ||
				     (head.is_sized && head.body_size > DRAIN_BYTES_MAX))) {
		return conn_send(conn, &conn->early);
	}
	return MHD_YES;
}

static enum MHD_Result on_access(void *cls, struct MHD_Connection *mhd, const char *url,
				 const char *method, const char *version, const char *upload,
				 size_t *upload_size, void **con_cls)
{
	struct conn *conn = *con_cls;

	(void)cls;
	(void)mhd;
	(void)url;
	(void)version;
	if (conn == NULL || conn->req == NULL || conn->is_cut) {
		return MHD_NO;
	}
	switch (conn->phase) {
	case PHASE_IDLE:
	case PHASE_HEAD:
		return conn_begin(conn, method);
	case PHASE_BODY:
		if (*upload_size > 0) {
			size_t size = *upload_size;

			*upload_size = 0;
			return conn_upload(conn, upload, size);
		}
		return conn_dispatch(conn);
	case PHASE_WAIT:
		return conn_answer(conn);
	case PHASE_SEND:
		break;
	}
	return MHD_NO;
}

static struct conn *conn_of(struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info != NULL ? info->socket_context : NULL;
}

/* The first line is here. */
static void *on_uri(void *cls, const char *uri, struct MHD_Connection *mhd)
{
	struct listener *l = cls;
	struct conn *conn = conn_of(mhd);

	if (conn != NULL) {
		conn_enter(conn, PHASE_HEAD, l->timeouts.header);
		conn->req = request_new(l->http, &l->waker, conn);
		if (conn->req != NULL) {
			conn->uri_error = uri_parse(uri, &conn->req->uri);
		}
	}
	return conn;
}

static void on_completed(void *cls, struct MHD_Connection *mhd, void **con_cls,
			 enum MHD_RequestTerminationCode why)
{
	(void)cls;
	(void)mhd;
	(void)why;
	if (*con_cls != NULL) {
		conn_finish(*con_cls);
		*con_cls = NULL;
	}
}

static void on_connection(void *cls, struct MHD_Connection *mhd, void **context,
			  enum MHD_ConnectionNotificationCode what)
{
	const union MHD_ConnectionInfo *fd =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
	const union MHD_ConnectionInfo *peer =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		conn_open(cls, mhd, fd->connect_fd, peer->client_addr, context);
	} else if (*context != NULL) {
		conn_free(*context);
		*context = NULL;
	}
}

static int on_certificate(gnutls_session_t session, const struct gnutls_cert_retr_st *info,
			  gnutls_pcert_st **chain, unsigned *count, gnutls_ocsp_data_st **ocsp,
			  unsigned *ocsp_count, gnutls_privkey_t *key, unsigned *flags)
{
	struct conn *conn = conn_of(gnutls_session_get_ptr(session));
	int ret = -1;

	(void)info;
	if (conn != NULL) {
		http_lock(conn->listener->http);
		if (conn->listener->tls != NULL) {
			ret = tls_retrieve(conn->listener->tls, chain, count, key);
		}
		http_unlock(conn->listener->http);
	}
	*ocsp = NULL;
	*ocsp_count = 0;
	*flags = GNUTLS_CERT_RETR_DEINIT_ALL;
	return ret < 0 ? -1 : 0;
}

/* The target is taken apart by uri_parse(); the library shall leave it alone. */
static size_t on_unescape(void *cls, struct MHD_Connection *mhd, char *text)
{
	(void)cls;
	(void)mhd;
	return strlen(text);
}

static void on_log(void *cls, const char *format, va_list args) EW_PRINTF(2, 0);
static void on_log(void *cls, const char *format, va_list args)
{
	(void)cls;
	log_vmsg(LOG_LEVEL_DEBUG, "http", format, args);
}

struct MHD_Daemon *mhd_start(struct listener *l, int fd)
{
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
	unsigned idle = (unsigned)((l->timeouts.idle + SECOND - 1) / SECOND);
	struct MHD_OptionItem tls[] = {
		{MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(intptr_t)TLS_PRIORITIES},
		{MHD_OPTION_END, 0, NULL},
	};

	if (!l->is_tls) {
		tls[0].option = MHD_OPTION_END;
	}
	return MHD_start_daemon(flags | (l->is_tls ? MHD_USE_TLS : 0u), 0, NULL, NULL, on_access, l,
		MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
		MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)l->max_connections,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)l->max_per_address,
		MHD_OPTION_CONNECTION_TIMEOUT, idle,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, MEMORY_PER_CONNECTION,
		MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
		MHD_OPTION_UNESCAPE_CALLBACK, on_unescape, NULL,
		MHD_OPTION_URI_LOG_CALLBACK, on_uri, l,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, l,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, l,
		MHD_OPTION_ARRAY, tls,
		l->is_tls ? MHD_OPTION_HTTPS_CERT_CALLBACK2 : MHD_OPTION_END, on_certificate,
		MHD_OPTION_END);
}

int mhd_epoll_fd(struct MHD_Daemon *daemon)
{
	return MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

int64_t mhd_run(struct MHD_Daemon *daemon)
{
	MHD_UNSIGNED_LONG_LONG ms;

	(void)MHD_run(daemon); /* fails on a stopped daemon only */
	return MHD_get_timeout(daemon, &ms) == MHD_YES ? (int64_t)ms * 1000000 : -1;
}

void mhd_quiesce(struct MHD_Daemon *daemon)
{
	int fd = MHD_quiesce_daemon(daemon);

	if (fd >= 0) {
		(void)close(fd); /* a copy of the listener's */
	}
}

void mhd_stop(struct MHD_Daemon *daemon)
{
	MHD_stop_daemon(daemon);
}

void mhd_suspend(struct MHD_Connection *mhd)
{
	MHD_suspend_connection(mhd);
}

void mhd_resume(struct MHD_Connection *mhd)
{
	MHD_resume_connection(mhd);
}
