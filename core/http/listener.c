/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The listener's thread: a loop in which the library's epoll descriptor is a
 * watch and its next timeout a timer, so that the thread sleeps for ever when
 * there is nothing to do, and everything that touches the library runs on it.
 *
 * A connection that waits for an instance is suspended. The library does not
 * look at such a socket, so a watch of our own sees the client leave. The
 * library's timeout ends connections on which nothing moves; a timer of each
 * connection ends those on which too little does:
 *
 *	PHASE_IDLE  header or idle timeout   cut off
 *	PHASE_HEAD  header timeout           cut off
 *	PHASE_BODY  body timeout             cut off
 *	PHASE_WAIT  the handler's deadline   504
 *	PHASE_SEND  none: the library's
 */
#include "core/http/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/http/conn.h"
#include "core/http/socket.h"
#include "core/http/tls.h"

#define STOP_TIME 1000000000    /* ns */

void conn_enter(struct conn *conn, enum phase phase, int64_t timeout)
{
	struct listener *l = conn->listener;

	if ((conn->phase == PHASE_IDLE) != (phase == PHASE_IDLE)) {
		l->busy = phase == PHASE_IDLE ? l->busy - 1 : l->busy + 1;
	}
	conn->phase = phase;
	if (timeout > 0) {
		timer_set(&conn->timer, timeout, 0);
	} else {
		timer_stop(&conn->timer);
	}
}

void conn_count(struct conn *conn, uint64_t *counter)
{
	http_lock(conn->listener->http);
	(*counter)++;
	http_unlock(conn->listener->http);
}

static void conn_on_gone(struct loop_watch *watch, unsigned events);

void conn_suspend(struct conn *conn)
{
	mhd_suspend(conn->mhd);
	conn->is_suspended = true;
	if (watch_init(&conn->gone, conn->listener->loop, conn->fd, EPOLLRDHUP, conn_on_gone) < 0) {
		conn->gone.loop = NULL; /* then only the deadline frees it */
	}
}

void conn_resume(struct conn *conn)
{
	if (conn->is_suspended) {
		watch_fini(&conn->gone);
		conn->is_suspended = false;
		mhd_resume(conn->mhd);
	}
}

void conn_cut(struct conn *conn)
{
	conn->is_cut = true;
	(void)shutdown(conn->fd, SHUT_RDWR); /* it may be gone already */
	conn_resume(conn);
}

/* Let the library do what there is, and sleep until its next timeout. */
static void listener_turn(struct listener *l)
{
	int64_t timeout;

	/* a closed one may make room for another that waits to be accepted */
	do {
		l->has_closed = false;
		timeout = mhd_run(l->daemon);
	} while (l->has_closed);
	if (timeout >= 0) {
		timer_set(&l->timer, timeout, 0);
	} else {
		timer_stop(&l->timer);
	}
	if (atomic_load(&l->is_stopping) && l->busy == 0 && !l->has_stopped) {
		l->has_stopped = true;
		(void)sem_post(&l->stopped);
	}
}

static void conn_on_gone(struct loop_watch *watch, unsigned events)
{
	struct conn *conn = container_of(watch, struct conn, gone);

	(void)events;
	conn_cut(conn);
	listener_turn(conn->listener);
}

static void conn_on_timer(struct loop_timer *timer)
{
	struct conn *conn = container_of(timer, struct conn, timer);
	struct listener *l = conn->listener;

	if (conn->phase == PHASE_WAIT) {
		request_expire(conn->req);
		conn_resume(conn);
	} else {
		if (conn->phase != PHASE_IDLE) {
			conn_count(conn, &l->http->stats.timed_out);
		}
		conn_cut(conn);
	}
	listener_turn(l);
}

static void listener_on_watch(struct loop_watch *watch, unsigned events)
{
	(void)events;
	listener_turn(container_of(watch, struct listener, watch));
}

static void listener_on_timer(struct loop_timer *timer)
{
	listener_turn(container_of(timer, struct listener, timer));
}

/* Requests were answered, streams written, or the listener is to stop. */
static bool listener_on_wake(struct task *task)
{
	struct listener *l = container_of(task, struct listener, waker.task);
	struct ew_http_request *req;

	while ((req = request_next_woken(l->http, &l->waker)) != NULL) {
		conn_resume(req->conn);
	}
	if (atomic_load(&l->is_stopping) && !heap_holds(&l->stop_timer.node)) {
		mhd_quiesce(l->daemon);
		timer_set(&l->stop_timer, STOP_TIME, 0);
	}
	listener_turn(l);
	return false;
}

/* Time to stop is over: what still waits is cut off. */
static void listener_on_stop_timer(struct loop_timer *timer)
{
	struct listener *l = container_of(timer, struct listener, stop_timer);

	if (!l->has_stopped) {
		l->has_stopped = true;
		(void)sem_post(&l->stopped);
	}
}

void conn_finish(struct conn *conn)
{
	struct listener *l = conn->listener;

	if (conn->req != NULL) {
		if (conn->phase != PHASE_SEND) {
			conn_count(conn, &l->http->stats.requests[0]);
		}
		l->bodies -= conn->req->body.size;
		http_lock(l->http);
		l->http->stats.received_bytes += conn->req->body.size + conn->drained;
		http_unlock(l->http);
		request_leave(conn->req);
		conn->req = NULL;
	}
	http_lock(l->http);
	http_route_drop(&conn->route);
	http_unlock(l->http);
	answer_fini(&conn->early);
	buf_fini(&conn->sending);
	conn->sent = 0;
	conn->drained = 0;
	conn_enter(conn, PHASE_IDLE, l->timeouts.idle);
}

void conn_open(struct listener *l, struct MHD_Connection *mhd, int fd,
	       const struct sockaddr *peer, void **context_out)
{
	struct conn *conn = calloc(1, sizeof(*conn));

	if (conn == NULL || timer_init(&conn->timer, l->loop, conn_on_timer) < 0) {
		free(conn); /* without it every request on the connection is refused */
		return;
	}
	conn->listener = l;
	conn->mhd = mhd;
	conn->fd = fd;
	socket_format(peer, conn->address, sizeof(conn->address));
	list_push(&l->conns, &conn->node);
	timer_set(&conn->timer, l->timeouts.header, 0);
	http_lock(l->http);
	l->http->stats.connections++;
	l->http->stats.open_connections++;
	http_unlock(l->http);
	*context_out = conn;
}

void conn_free(struct conn *conn)
{
	struct listener *l = conn->listener;

	conn_finish(conn);
	timer_fini(&conn->timer);
	list_remove(&conn->node);
	free(conn);
	l->has_closed = true;
	http_lock(l->http);
	l->http->stats.open_connections--;
	http_unlock(l->http);
}

int listener_new(struct http *http, const struct http_config *config, const struct listener *old,
		 struct listener **listener_out, struct ew_error *err)
{
	struct listener *l = calloc(1, sizeof(*l));
	int ret = -ENOMEM;

	if (l == NULL) {
		(void)ew_fail(err, "http: no memory");
		return -ENOMEM;
	}
	l->http = http;
	l->max_connections = config->max_connections;
	l->max_per_address = config->max_connections_per_address;
	l->timeouts = config->timeouts;
	l->is_tls = config->certificate != NULL;
	l->fd = -1;
	list_init(&l->conns);
	list_init(&l->waker.woken);
	atomic_init(&l->is_stopping, false);
	l->listen = strdup(config->listen);
	if (l->listen != NULL && sem_init(&l->stopped, 0, 0) == 0) {
		ret = loop_new("http", &l->loop);
	}
	if (ret == 0) {
		task_init(&l->waker.task, l->loop, LANE_CONTROL, listener_on_wake);
		if (old != NULL && (strcmp(old->listen, l->listen) == 0 ||
				    socket_is_at(old->fd, l->listen))) {
			l->fd = fcntl(old->fd, F_DUPFD_CLOEXEC, 3);
			ret = l->fd < 0 ? -errno : 0;
		} else {
			ret = socket_listen(l->listen, &l->fd, err);
		}
	} else {
		(void)ew_fail(err, "http: %s", strerror(-ret));
	}
	if (ret < 0) {
		listener_free(&l);
		return ret;
	}
	*listener_out = l;
	return 0;
}

int listener_start(struct listener *l, struct ew_error *err)
{
	int fd = fcntl(l->fd, F_DUPFD_CLOEXEC, 3);
	int ret = -EIO;

	if (fd >= 0) {
		l->daemon = mhd_start(l, fd);
		if (l->daemon == NULL) {
			(void)close(fd); /* nothing was written */
		}
	}
	if (l->daemon != NULL) {
		ret = timer_init(&l->timer, l->loop, listener_on_timer);
		if (ret == 0) {
			ret = timer_init(&l->stop_timer, l->loop, listener_on_stop_timer);
		}
		if (ret == 0) {
			ret = watch_init(&l->watch, l->loop, mhd_epoll_fd(l->daemon), EPOLLIN,
					 listener_on_watch);
		}
		if (ret == 0) {
			ret = loop_start(l->loop);
			l->is_running = ret == 0;
		}
	}
	if (ret < 0) {
		(void)ew_fail(err, "http: cannot serve '%s': %s", l->listen, strerror(-ret));
	}
	return ret;
}

/* End the thread: gracefully if it runs. */
static void listener_stop(struct listener *l)
{
	struct list *at;

	atomic_store(&l->is_stopping, true);
	task_schedule(&l->waker.task);
	while (sem_wait(&l->stopped) < 0 && errno == EINTR) {
		continue;
	}
	loop_stop(l->loop);
	list_for_each(at, &l->conns) {
		conn_cut(list_entry(at, struct conn, node));
	}
	(void)mhd_run(l->daemon); /* takes back those that were suspended */
}

void listener_free(struct listener **listener)
{
	struct listener *l = *listener;

	*listener = NULL;
	if (l == NULL) {
		return;
	}
	if (l->is_running) {
		listener_stop(l);
	}
	watch_fini(&l->watch);
	if (l->daemon != NULL) {
		mhd_stop(l->daemon);
	}
	timer_fini(&l->timer);
	timer_fini(&l->stop_timer);
	if (l->loop != NULL) {
		task_fini(&l->waker.task);
		loop_free(&l->loop);
		check(sem_destroy(&l->stopped) == 0);
	}
	if (l->fd >= 0) {
		(void)close(l->fd); /* nothing is written to it */
	}
	tls_free(&l->tls);
	free(l->listen);
	free(l);
}

bool listener_fits(const struct listener *l, const struct http_config *config)
{
	return l != NULL && strcmp(l->listen, config->listen) == 0 &&
	       l->max_connections == config->max_connections &&
	       l->max_per_address == config->max_connections_per_address &&
	       l->is_tls == (config->certificate != NULL) &&
	       memcmp(&l->timeouts, &config->timeouts, sizeof(l->timeouts)) == 0;
}

void listener_set_tls(struct listener *l, struct tls *tls)
{
	struct tls *old;

	http_lock(l->http);
	old = l->tls;
	l->tls = tls;
	http_unlock(l->http);
	tls_free(&old);
}

unsigned listener_port(const struct listener *l)
{
	return socket_port(l->fd);
}
