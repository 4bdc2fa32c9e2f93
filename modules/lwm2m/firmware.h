/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Firmware Update, object 5: the package and the states that a server sees. A package
 * comes pushed (/5/0/0, as large as a message may be) or pulled (/5/0/1, HTTPS), is
 * checked by its SHA-256, and is applied by a command. Fetching and applying are done
 * outside, by ops; the package and the state are files, so that the result outlives a
 * restart. Runs on the instance's loop.
 *
 *	IDLE --uri--> DOWNLOADING --fetched--> DOWNLOADED --update--> UPDATING --> IDLE
 *	  |               |                      ^  |
 *	  |  <--reset, or it failed--------------+--+ reset
 *	  +-----------package--------------------+
 *
 * The SHA-256 is said in the URI's fragment, `#sha256=HEX`, or by the argument of the
 * update, `0='HEX'`. Unless the settings say otherwise a URI without one is refused: a
 * package that is pushed came from the server itself, as a whole.
 */
#ifndef MODULES_LWM2M_FIRMWARE_H
#define MODULES_LWM2M_FIRMWARE_H

#include <limits.h>

#include "modules/lwm2m/client.h"

#define FIRMWARE           5            /* the object */
#define FIRMWARE_URI_MAX   256u         /* bytes, with a NUL */
#define FIRMWARE_HASH_MAX  65u          /* SHA-256 as digits, with a NUL */

enum firmware_state {
	FIRMWARE_IDLE = 0,
	FIRMWARE_DOWNLOADING = 1,
	FIRMWARE_DOWNLOADED = 2,
	FIRMWARE_UPDATING = 3
};

/* /5/0/5 */
enum firmware_result {
	FIRMWARE_INITIAL = 0,
	FIRMWARE_SUCCESS = 1,
	FIRMWARE_NO_STORAGE = 2,
	FIRMWARE_LOST = 4,
	FIRMWARE_WRONG_HASH = 5,
	FIRMWARE_BAD_URI = 7,
	FIRMWARE_FAILED = 8,
	FIRMWARE_BAD_PROTOCOL = 9,
	FIRMWARE_CANCELLED = 10
};

struct firmware_settings {
	const char *directory;          /* where package, state and outcome are kept */
	bool needs_hash;                /* a URI must say it */
};

struct firmware_ops {
	/* Fetch to the package's file; firmware_fetched() follows. -errno: it cannot begin. */
	int (*fetch)(void *arg, const char *uri);
	/* Nobody waits for it any more; firmware_fetched() must not follow. */
	void (*drop)(void *arg);
	/* Apply the package; firmware_applied() follows, or the end of the process. */
	int (*apply)(void *arg);
	/* State or result changed. */
	void (*changed)(void *arg);
	void *arg;
};

struct firmware {
	struct firmware_ops ops;
	bool needs_hash;
	enum firmware_state state;
	enum firmware_result result;
	char uri[FIRMWARE_URI_MAX];
	char wanted[FIRMWARE_HASH_MAX]; /* "": not said */
	char hash[FIRMWARE_HASH_MAX];   /* of the package */
	char package[PATH_MAX];         /* files */
	char kept[PATH_MAX];
	char outcome[PATH_MAX];
};

/*
 * Take up what an earlier process left. An update under way has ended with the words in
 * `outcome`: `ok`, or it has failed. -EIO: the directory cannot be used; -EMSGSIZE.
 */
int firmware_open(struct firmware *firmware, const struct firmware_settings *settings,
		  const struct firmware_ops *ops);

/* hash: of what was fetched, when the result is FIRMWARE_INITIAL. */
void firmware_fetched(struct firmware *firmware, enum firmware_result result, const char *hash);
void firmware_applied(struct firmware *firmware, bool is_done);

/* What the client asks: see client_object. */
extern const struct client_object_ops firmware_object;

#endif
