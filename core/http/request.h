/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request from its first line to its last byte, and what listener and
 * owner each know of it.
 *
 * Two sides hold a request. The listener does, from request_new() to
 * request_leave(). The owner does, from request_hand_over() to its closing
 * call. When neither does it goes back to a pool. It is never freed while http
 * lives: a closing call too many meets an unused request, not foreign memory.
 *
 *	READING -> PARKED -> ANSWERED
 *	              |----> STREAMING -> ENDED
 *	              |          `------> CUT
 *	   all above: `----> (listener leaves or deadline: fault is set)
 *
 * Members marked L are the listener's, written before the hand-over and only
 * read after; the others are guarded by the lock of struct http.
 */
#ifndef CORE_HTTP_REQUEST_H
#define CORE_HTTP_REQUEST_H

#include <pthread.h>

#include <edgeway/http.h>

#include "core/base/buf.h"
#include "core/base/list.h"
#include "core/http/answer.h"
#include "core/http/http.h"
#include "core/http/router.h"
#include "core/http/tokens.h"
#include "core/http/uri.h"
#include "core/loop/loop.h"

#define REQUEST_MAGIC  0x68747470u
#define OWNER_MAGIC    0x68746f77u

#define REQUEST_ADDRESS_BYTES  64
#define REQUEST_HEADERS_MAX    64
#define REQUEST_HEAD_BYTES_MAX 16384
#define REQUEST_POOL_MAX       4096     /* requests that exist at once */
#define OWNER_RUN_MAX          16       /* callbacks in one http_owner_run() */

enum request_state {
	REQUEST_UNUSED = 0,
	REQUEST_READING,        /* the listener reads it */
	REQUEST_PARKED,         /* the owner is to answer */
	REQUEST_ANSWERED,
	REQUEST_STREAMING,
	REQUEST_ENDED,          /* stream: all is written */
	REQUEST_CUT             /* stream: broken off */
};

/* What the owner is to be told. */
enum request_event {
	EVENT_HANDLE = 1u << 0,
	EVENT_WRITABLE = 1u << 1,
	EVENT_GONE = 1u << 2
};

/* How a request reaches the loop of its listener. */
struct waker {
	struct task task;
	struct list woken;              /* requests to look at; guarded by http's lock */
};

struct ew_http_request {
	uint32_t magic;
	struct http *http;
	struct waker *waker;            /* valid while conn is set */
	struct list node;               /* in the pool, or in the owner's list of open ones */
	struct list call_node;          /* in the owner's queue */
	struct list wake_node;          /* in the listener's queue */

	enum request_state state;
	unsigned events;                /* enum request_event, not yet told */
	bool is_known;                  /* the handler was called */
	int fault;                      /* 0, -EPIPE, -ETIMEDOUT: what the owner's calls return */
	struct http_owner *owner;       /* holds it; NULL: not, or not any more */
	void *conn;                     /* the listener's connection; NULL: it has left */
	struct http_route *route;
	struct answer answer;
	struct buf stream;              /* written by the owner, not yet fetched */
	size_t waiting;                 /* stream bytes written and not yet sent */
	bool is_choked;                 /* the owner was told -EAGAIN */
	void *user_state;               /* the owner's */

	enum http_method method;        /* L */
	struct uri uri;                 /* L */
	struct buf body;                /* L */
	struct ew_http_header headers[REQUEST_HEADERS_MAX];     /* L */
	size_t header_count;            /* L */
	struct buf header_store;        /* L; behind the header texts */
	struct ew_http_peer peer;       /* L; texts are the two below */
	char user[TOKEN_NAME_BYTES];    /* L */
	char address[REQUEST_ADDRESS_BYTES];    /* L */
};

struct http_owner {
	uint32_t magic;
	struct http *http;
	struct list node;               /* in http */
	char *name;
	struct http_owner_ops ops;
	struct list calls;              /* requests with events */
	struct list open;               /* requests it holds */
	unsigned open_count;
	bool is_draining;
};

/* Limits that the configuration sets. */
struct http_limits {
	unsigned parked;
	unsigned parked_per_owner;
};

struct http {
	pthread_mutex_t lock;
	struct router router;
	struct list owners;
	struct list pool;               /* unused requests, the longest unused first */
	unsigned pool_count;            /* requests that exist */
	struct http_limits limits;
	struct tokens *tokens;          /* NULL: none are configured */
	enum ew_role anonymous;         /* of those without a token */
	bool is_ready;
	char *ready_text;
	struct http_stats stats;
	struct listener *listener;      /* main thread only */
};

void http_lock(struct http *http);
void http_unlock(struct http *http);

/*
 * The listener's side. Its thread; lock not held.
 */

/* A request in READING. NULL: no memory, or too many. */
struct ew_http_request *request_new(struct http *http, struct waker *waker, void *conn);

/* Copy a header line; then, once all are there: were they few and short? */
void request_add_header(struct ew_http_request *req, const char *name, const char *value);
bool request_end_headers(struct ew_http_request *req) EW_CHECKED;

/*
 * Give a request that was read whole to the owner of its route. The route is
 * taken. -EBUSY: a limit of parked requests; -ESHUTDOWN: the owner is stopping.
 */
int request_hand_over(struct ew_http_request *req, struct http_route *route) EW_CHECKED;

/* Nobody answered in time: a 504 is the answer, and the owner is told. */
void request_expire(struct ew_http_request *req);

/* What the listener is to do with a request it was woken for. */
enum request_state request_look(struct ew_http_request *req);

/* Take the answer, of any state after PARKED. */
void request_take_answer(struct ew_http_request *req, struct answer *answer_out);

/*
 * Swap the stream's written bytes into `into`, which is empty; NULL: leave
 * them. `sent` is how many bytes went out since the last call.
 */
enum request_state request_fetch(struct ew_http_request *req, struct buf *into, size_t sent);

/* The listener is done with the request; it may not be used after. */
void request_leave(struct ew_http_request *req);

/* The next request that request_look() should be called for; NULL: none. */
struct ew_http_request *request_next_woken(struct http *http, struct waker *waker);

/*
 * Inside core/http; the lock is held.
 */
void request_wake_listener(struct ew_http_request *req);
void request_tell_owner(struct ew_http_request *req, unsigned event);
void request_let_go(struct ew_http_request *req);

#endif
