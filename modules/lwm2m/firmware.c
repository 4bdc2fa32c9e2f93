/* SPDX-License-Identifier: Apache-2.0 */
/* Firmware Update: see firmware.h. */
#include "modules/lwm2m/firmware.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define HASH_BYTES  32u
#define FRAGMENT    "#sha256="

enum {
	PACKAGE = 0, PACKAGE_URI = 1, UPDATE = 2, STATE = 3, RESULT = 5, PROTOCOLS = 8,
	DELIVERY = 9, CANCEL = 10
};

/* ---- files ---- */

/* The whole of a file, or nothing of it. */
static int firmware_put(const char *path, const void *bytes, size_t size)
{
	char other[PATH_MAX + 8];
	int fd, rc = 0;

	(void)snprintf(other, sizeof(other), "%s.new", path);
	fd = open(other, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0) {
		return -errno;
	}
	for (size_t at = 0; rc == 0 && at < size;) {
		ssize_t written = write(fd, (const char *)bytes + at, size - at);

		if (written < 0) {
			rc = -errno;
		} else {
			at += (size_t)written;
		}
	}
	if (rc == 0 && fsync(fd) != 0) {
		rc = -errno;
	}
	(void)close(fd);        /* it was synced, or it is thrown away */
	if (rc == 0 && rename(other, path) != 0) {
		rc = -errno;
	}
	if (rc != 0) {
		(void)unlink(other);
	}
	return rc;
}

/* At most `room` - 1 bytes, with a NUL; "" when there is none. */
static void firmware_get(const char *path, char *out, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? 0 : read(fd, out, room - 1);

	out[size > 0 ? size : 0] = '\0';
	if (fd >= 0) {
		(void)close(fd);        /* it was only read */
	}
}

/* ---- states ---- */

static void firmware_enter(struct firmware *firmware, enum firmware_state state,
			   enum firmware_result result)
{
	char line[192];         /* two numbers, two hashes */
	int size = snprintf(line, sizeof(line), "%d %d %s %s\n", (int)state, (int)result,
			    *firmware->hash != '\0' ? firmware->hash : "-",
			    *firmware->wanted != '\0' ? firmware->wanted : "-");

	firmware->state = state;
	firmware->result = result;
	if (state == FIRMWARE_IDLE) {
		(void)unlink(firmware->package);        /* there may be none */
	}
	/* what cannot be kept is told anew by a server that reads the state */
	(void)firmware_put(firmware->kept, line, (size_t)size);
	firmware->ops.changed(firmware->ops.arg);
}

static void firmware_reset(struct firmware *firmware, enum firmware_result result)
{
	if (firmware->state == FIRMWARE_DOWNLOADING) {
		firmware->ops.drop(firmware->ops.arg);
	}
	firmware->wanted[0] = '\0';
	firmware->hash[0] = '\0';
	firmware->uri[0] = '\0';
	firmware_enter(firmware, FIRMWARE_IDLE, result);
}

static int firmware_name(char *out, const char *directory, const char *name)
{
	return snprintf(out, PATH_MAX, "%s/%s", directory, name) < PATH_MAX ? 0 : -EMSGSIZE;
}

/* What an earlier process was at. */
static void firmware_resume(struct firmware *firmware)
{
	char line[192], outcome[16];
	int state = 0, result = 0;

	firmware_get(firmware->kept, line, sizeof(line));
	if (sscanf(line, "%d %d %64s %64s", &state, &result, firmware->hash,
		   firmware->wanted) != 4) {
		firmware_reset(firmware, FIRMWARE_INITIAL);
		return;
	}
	if (strcmp(firmware->hash, "-") == 0) {
		firmware->hash[0] = '\0';
	}
	if (strcmp(firmware->wanted, "-") == 0) {
		firmware->wanted[0] = '\0';
	}
	firmware_get(firmware->outcome, outcome, sizeof(outcome));
	(void)unlink(firmware->outcome);        /* it is told once */
	if (state == FIRMWARE_DOWNLOADED && access(firmware->package, R_OK) == 0) {
		firmware->state = FIRMWARE_DOWNLOADED;
		firmware->result = (enum firmware_result)result;
	} else if (state == FIRMWARE_UPDATING) {
		firmware_reset(firmware, strncmp(outcome, "ok", 2) == 0 ? FIRMWARE_SUCCESS :
			       FIRMWARE_FAILED);
	} else if (state == FIRMWARE_IDLE) {
		firmware->result = (enum firmware_result)result;
	} else {
		firmware_reset(firmware, FIRMWARE_LOST);
	}
}

int firmware_open(struct firmware *firmware, const struct firmware_settings *settings,
		  const struct firmware_ops *ops)
{
	memset(firmware, 0, sizeof(*firmware));
	firmware->ops = *ops;
	firmware->needs_hash = settings->needs_hash;
	if (firmware_name(firmware->package, settings->directory, "package") != 0 ||
	    firmware_name(firmware->kept, settings->directory, "firmware") != 0 ||
	    firmware_name(firmware->outcome, settings->directory, "outcome") != 0) {
		return -EMSGSIZE;
	}
	if (access(settings->directory, R_OK | W_OK | X_OK) != 0) {
		return -EIO;
	}
	firmware_resume(firmware);
	return 0;
}

/* ---- hashes ---- */

/* 64 hexadecimal digits. */
static bool firmware_is_hash(const char *text, size_t size)
{
	return size == FIRMWARE_HASH_MAX - 1 && strspn(text, "0123456789abcdefABCDEF") >= size;
}

static int firmware_hash(struct lwm2m_value package, char *hash_out)
{
	uint8_t hash[HASH_BYTES];

	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, package.v.x.at, package.v.x.size, hash) != 0) {
		return -EIO;
	}
	for (size_t i = 0; i < HASH_BYTES; i++) {
		(void)snprintf(hash_out + 2 * i, 3, "%02x", hash[i]);
	}
	return 0;
}

static bool firmware_is_right(const struct firmware *firmware)
{
	return *firmware->wanted == '\0' || strcasecmp(firmware->wanted, firmware->hash) == 0;
}

void firmware_fetched(struct firmware *firmware, enum firmware_result result, const char *hash)
{
	if (firmware->state != FIRMWARE_DOWNLOADING) {
		return;
	}
	if (result != FIRMWARE_INITIAL) {
		firmware->state = FIRMWARE_IDLE;        /* there is nothing to drop */
		firmware_reset(firmware, result);
		return;
	}
	(void)snprintf(firmware->hash, sizeof(firmware->hash), "%s", hash);
	if (!firmware_is_right(firmware)) {
		firmware->state = FIRMWARE_IDLE;
		firmware_reset(firmware, FIRMWARE_WRONG_HASH);
		return;
	}
	firmware_enter(firmware, FIRMWARE_DOWNLOADED, FIRMWARE_INITIAL);
}

void firmware_applied(struct firmware *firmware, bool is_done)
{
	if (firmware->state == FIRMWARE_UPDATING) {
		(void)unlink(firmware->outcome);        /* the end of the command says it */
		firmware_reset(firmware, is_done ? FIRMWARE_SUCCESS : FIRMWARE_FAILED);
	}
}

/* ---- what a server asks ---- */

static bool firmware_read(void *arg, const struct lwm2m_path *path,
			  struct lwm2m_value *value_out)
{
	const struct firmware *firmware = arg;

	value_out->type = LWM2M_INTEGER;
	switch (path->ids[2]) {
	case PACKAGE_URI:
		value_out->type = LWM2M_STRING;
		value_out->v.x.at = firmware->uri;
		value_out->v.x.size = strlen(firmware->uri);
		return true;
	case UPDATE:
	case CANCEL:
		value_out->type = LWM2M_NONE;
		return true;
	case STATE:
		value_out->v.i = firmware->state;
		return true;
	case RESULT:
		value_out->v.i = firmware->result;
		return true;
	case PROTOCOLS:
		value_out->v.i = 3;             /* HTTPS, and no other */
		return path->ids[3] == 0;
	case DELIVERY:
		value_out->v.i = 2;             /* pulled and pushed */
		return true;
	default:
		return false;
	}
}

static unsigned firmware_push(struct firmware *firmware, const struct lwm2m_value *value)
{
	int rc;

	/* nothing, or a NUL alone, begins anew */
	if (value->v.x.size == 0 || (value->v.x.size == 1 && value->v.x.at[0] == '\0')) {
		firmware_reset(firmware, FIRMWARE_INITIAL);
		return LWM2M_CHANGED;
	}
	if (firmware->state != FIRMWARE_IDLE) {
		return LWM2M_NOT_ALLOWED;
	}
	rc = firmware_put(firmware->package, value->v.x.at, value->v.x.size);
	if (rc != 0) {
		firmware_reset(firmware, FIRMWARE_NO_STORAGE);
		return LWM2M_INTERNAL;
	}
	if (firmware_hash(*value, firmware->hash) != 0) {
		firmware_reset(firmware, FIRMWARE_FAILED);
		return LWM2M_INTERNAL;
	}
	firmware_enter(firmware, FIRMWARE_DOWNLOADED, FIRMWARE_INITIAL);
	return LWM2M_CHANGED;
}

static unsigned firmware_pull(struct firmware *firmware, const struct lwm2m_value *value)
{
	char *hash;

	if (value->v.x.size == 0) {
		firmware_reset(firmware, FIRMWARE_INITIAL);
		return LWM2M_CHANGED;
	}
	if (firmware->state != FIRMWARE_IDLE) {
		return LWM2M_NOT_ALLOWED;
	}
	if (value->v.x.size >= FIRMWARE_URI_MAX) {
		return LWM2M_BAD_REQUEST;
	}
	memcpy(firmware->uri, value->v.x.at, value->v.x.size);
	firmware->uri[value->v.x.size] = '\0';
	hash = strstr(firmware->uri, FRAGMENT);
	if (hash != NULL && firmware_is_hash(hash + strlen(FRAGMENT),
					     strlen(hash + strlen(FRAGMENT)))) {
		memcpy(firmware->wanted, hash + strlen(FRAGMENT), FIRMWARE_HASH_MAX);
	}
	if (strncmp(firmware->uri, "https://", 8) != 0) {
		firmware_reset(firmware, FIRMWARE_BAD_PROTOCOL);
	} else if (*firmware->wanted == '\0' && (firmware->needs_hash || hash != NULL)) {
		firmware_reset(firmware, FIRMWARE_BAD_URI);
	} else {
		firmware_enter(firmware, FIRMWARE_DOWNLOADING, FIRMWARE_INITIAL);
		if (firmware->ops.fetch(firmware->ops.arg, firmware->uri) != 0) {
			firmware_fetched(firmware, FIRMWARE_LOST, "");
		}
	}
	return LWM2M_CHANGED;
}

static unsigned firmware_write(void *arg, const struct lwm2m_path *path,
			       const struct lwm2m_value *value)
{
	struct firmware *firmware = arg;
	struct lwm2m_value exact = *value;
	bool is_package = path->ids[2] == PACKAGE;

	if (firmware->state == FIRMWARE_UPDATING || (!is_package && path->ids[2] != PACKAGE_URI)) {
		return LWM2M_NOT_ALLOWED;
	}
	if (exact.type == LWM2M_PLAIN && is_package) {
		return LWM2M_BAD_REQUEST;       /* base64 has no place to go */
	}
	if (lwm2m_value_convert(&exact, is_package ? LWM2M_OPAQUE : LWM2M_STRING, NULL) != 0 ||
	    !lwm2m_value_has_text(&exact)) {
		return LWM2M_BAD_REQUEST;
	}
	return is_package ? firmware_push(firmware, &exact) : firmware_pull(firmware, &exact);
}

/* `0='HEX'` */
static unsigned firmware_execute(void *arg, const struct lwm2m_path *path,
				 struct lwm2m_text argument)
{
	struct firmware *firmware = arg;

	if (path->ids[2] == CANCEL && (firmware->state == FIRMWARE_DOWNLOADING ||
				       firmware->state == FIRMWARE_DOWNLOADED)) {
		firmware_reset(firmware, FIRMWARE_CANCELLED);
		return LWM2M_CHANGED;
	}
	if (path->ids[2] != UPDATE || firmware->state != FIRMWARE_DOWNLOADED) {
		return LWM2M_NOT_ALLOWED;
	}
	if (argument.size > 0) {
		if (argument.size != FIRMWARE_HASH_MAX - 1 + 4 ||
		    memcmp(argument.at, "0='", 3) != 0 ||
		    argument.at[argument.size - 1] != '\'' ||
		    !firmware_is_hash(argument.at + 3, FIRMWARE_HASH_MAX - 1)) {
			return LWM2M_BAD_REQUEST;
		}
		memcpy(firmware->wanted, argument.at + 3, FIRMWARE_HASH_MAX - 1);
		firmware->wanted[FIRMWARE_HASH_MAX - 1] = '\0';
	}
	if (!firmware_is_right(firmware)) {
		firmware_reset(firmware, FIRMWARE_WRONG_HASH);
		return LWM2M_CHANGED;
	}
	(void)unlink(firmware->outcome);        /* of an earlier one */
	firmware_enter(firmware, FIRMWARE_UPDATING, FIRMWARE_INITIAL);
	if (firmware->ops.apply(firmware->ops.arg) != 0) {
		firmware_applied(firmware, false);
	}
	return LWM2M_CHANGED;
}

const struct client_object_ops firmware_object = {
	.read = firmware_read,
	.write = firmware_write,
	.execute = firmware_execute,
};
