/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of the listener, shared by listener.c (socket, thread, timers)
 * and mhd.c (libmicrohttpd and its callbacks) and nobody else. All of it is
 * used on the thread "http", and on the main thread while that one does not
 * run.
 */
#ifndef CORE_HTTP_CONN_H
#define CORE_HTTP_CONN_H

#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "core/base/buf.h"
#include "core/base/list.h"
#include "core/conf/http.h"
#include "core/http/request.h"
#include "core/loop/loop.h"

struct MHD_Connection;
struct MHD_Daemon;
struct tls;

enum phase {
	PHASE_IDLE,             /* no request yet, or between two */
	PHASE_HEAD,
	PHASE_BODY,
	PHASE_WAIT,             /* an instance is to answer */
	PHASE_SEND
};

struct listener {
	struct http *http;
	char *listen;                   /* as configured */
	uint64_t max_connections;
	uint64_t max_per_address;
	struct http_timeouts timeouts;
	bool is_tls;
	int fd;                         /* our own copy of the socket */
	struct loop *loop;
	struct MHD_Daemon *daemon;
	struct loop_watch watch;        /* the library's epoll */
	struct loop_timer timer;        /* the library's next timeout */
	struct loop_timer stop_timer;
	struct waker waker;
	struct list conns;
	struct tls *tls;                /* guarded by http's lock */
	bool is_running;                /* has its thread; main thread only */
	atomic_bool is_stopping;
	bool has_stopped;               /* `stopped` was posted */
	sem_t stopped;
	unsigned busy;                  /* connections not in PHASE_IDLE */
	size_t bodies;                  /* bytes of bodies in memory */
	bool has_closed;                /* a connection closed in this run */
};

struct conn {
	struct listener *listener;
	struct list node;
	struct MHD_Connection *mhd;
	int fd;
	enum phase phase;
	struct loop_timer timer;
	struct loop_watch gone;
	bool is_suspended;
	bool is_cut;                    /* no answer: close it */
	char address[REQUEST_ADDRESS_BYTES];

	struct ew_http_request *req;    /* of the request in hand */
	int uri_error;
	struct http_route *route;            /* admitted, not yet handed over */
	struct answer early;            /* the core's own answer */
	uint64_t drained;
	struct buf sending;             /* stream bytes being sent */
	size_t sent;                    /* of them */
};

/* Change the phase and set its timer; timeout 0: none. */
void conn_enter(struct conn *conn, enum phase phase, int64_t timeout);

/* Add one to a counter of http's stats. */
void conn_count(struct conn *conn, uint64_t *counter);

/* A connection that waits for an instance, and the end of the wait. */
void conn_suspend(struct conn *conn);
void conn_resume(struct conn *conn);

/* Close it, from wherever it stands; the library notices. */
void conn_cut(struct conn *conn);

/* A connection is new; context_out is what the library keeps with it. */
void conn_open(struct listener *l, struct MHD_Connection *mhd, int fd,
	       const struct sockaddr *peer, void **context_out);
void conn_free(struct conn *conn);

/* Its request is over, one way or the other. */
void conn_finish(struct conn *conn);

/* mhd.c: the library. */
struct MHD_Daemon *mhd_start(struct listener *l, int fd);
int mhd_epoll_fd(struct MHD_Daemon *daemon);

/* Do what there is to do. How long until it must be called again without an
 * event, ns; -1: for ever. */
int64_t mhd_run(struct MHD_Daemon *daemon);

/* Accept no more. */
void mhd_quiesce(struct MHD_Daemon *daemon);
void mhd_stop(struct MHD_Daemon *daemon);
void mhd_suspend(struct MHD_Connection *mhd);
void mhd_resume(struct MHD_Connection *mhd);

#endif
