/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket: how edgewayctl talks to a running daemon.
 *
 * A Unix stream socket. A client sends one flat JSON object a line, with the
 * command's name as "do"; the answer is any number of lines, one object each,
 * and a last one with "end": "ok", or "end": "error" with "error", a sentence,
 * and "code", a number of errno.h. One request at a time on a connection; a
 * client that goes away ends its request.
 *
 * Who may: root, the daemon's own user, and members of one group. Whoever may
 * connect may do everything.
 *
 * All on the loop given to ctl_new(). Bounds: connections, bytes of a request
 * and of an answer that waits; who does not read is cut off.
 */
#ifndef CORE_CTL_CTL_H
#define CORE_CTL_CTL_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/json.h"
#include "core/loop/loop.h"

#include <edgeway/error.h>

#define CTL_REQUEST_MAX      16384                      /* bytes of a line */
#define CTL_CONNECTIONS_MAX  32
#define CTL_ANSWER_MAX       ((size_t)1 << 20)          /* bytes that wait for the client */
#define CTL_ANSWER_HIGH      ((size_t)1 << 17)          /* above it a command waits */
#define CTL_PATIENCE         ((int64_t)10 * 1000000000) /* ns without progress of a client */

struct ctl;
struct ctl_request;

struct ctl_command {
	const char *name;
	void (*run)(struct ctl_request *request, void *arg);
};

/* A table of commands, ended by a NULL name, and what they are given. */
struct ctl_table {
	const struct ctl_command *commands;
	void *arg;
};

#define CTL_TABLES_MAX  4

struct ctl_config {
	struct loop *loop;
	const char *path;               /* of the socket; an old one is replaced */
	gid_t group;                    /* members may connect; (gid_t)-1: nobody else */
	struct ctl_table tables[CTL_TABLES_MAX];
};

struct ctl_stats {
	uint64_t connections;           /* accepted */
	uint64_t refused;               /* not allowed, or too many */
	uint64_t requests;
	uint64_t faulty;                /* not understood */
	uint64_t slow;                  /* cut off for not reading */
};

/* -errno, and err says what is wrong with the path. */
int ctl_new(const struct ctl_config *config, struct ctl **ctl_out, struct ew_error *err) EW_CHECKED;

/* Cut all connections, remove the socket. Accepts NULL. */
void ctl_free(struct ctl **ctl);

/* Another group from now on. */
void ctl_set_group(struct ctl *ctl, gid_t group);

struct ctl_stats ctl_stats(const struct ctl *ctl);

/* Take over a connected socket, whoever is at its other end: for tests. */
int ctl_adopt(struct ctl *ctl, int fd) EW_CHECKED;

/* ---- for commands ---- */

/* The request's fields, until it ends. */
const struct json_object *ctl_fields(const struct ctl_request *request);

/* "uid 1000", for the audit log; until the request ends. */
const char *ctl_who(const struct ctl_request *request);

/* Open a line of the answer; fields go into the buffer; close it. */
struct buf *ctl_row(struct ctl_request *request);
void ctl_row_end(struct ctl_request *request);

/* Whole lines that were made elsewhere. */
void ctl_add_lines(struct ctl_request *request, const char *lines, size_t size);

/*
 * Send what was added outside of run() and room(). The client may be found
 * gone: then gone() has been called.
 */
void ctl_flush(struct ctl_request *request);

/* Is there room for another line before the client reads some? */
bool ctl_has_room(const struct ctl_request *request);

/* What is called until the request ends. */
struct ctl_hooks {
	/* More, please: called as long as there is room. */
	void (*room)(struct ctl_request *request, void *arg);
	void (*gone)(void *arg);        /* the client is gone, and so is the request */
	void *arg;
};

/* A command that does not end at once says how to reach it. */
void ctl_wait(struct ctl_request *request, const struct ctl_hooks *hooks);

/* Each request ends once; after it the request is gone. gone() is not called. */
void ctl_end(struct ctl_request *request);
void ctl_fail(struct ctl_request *request, int error, const char *fmt, ...) EW_PRINTF(3, 4);

#endif
