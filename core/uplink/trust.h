/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS of one connection: CA, own certificate and key, and the exact reason
 * when verification fails. libmosquitto only says "TLS error"; so it is given
 * a context of ours, whose callbacks remember what OpenSSL saw. Files are read
 * anew for each connection, so a renewed certificate needs no restart.
 *
 * The uplink's thread only.
 */
#ifndef CORE_UPLINK_TRUST_H
#define CORE_UPLINK_TRUST_H

#include <stdbool.h>
#include <stdint.h>

#include "core/uplink/cause.h"
#include "core/conf/uplink.h"
#include "core/conf/url.h"

struct trust;

/* On error *failure says why. -EINVAL, -ENOMEM. */
int trust_open(const struct uplink_config *config, const struct url *url, struct trust **trust_out,
	       struct failure *failure) EW_CHECKED;

void trust_free(struct trust **trust);

/* The SSL_CTX, for the library; borrowed. */
void *trust_context(struct trust *trust);

/* What the handshake or the peer's last alert said; NULL: nothing was wrong. */
const struct failure *trust_failure(const struct trust *trust);

/* The server asked for our certificate. */
bool trust_was_asked(const struct trust *trust);

/* The handshake has come to its end. */
bool trust_is_done(const struct trust *trust);

/* errno of the socket when the handshake broke off; 0: none. */
int trust_socket_error(const struct trust *trust);

/* End of validity, UTC ns, of our certificate and of the server's (known once
 * the handshake is done); 0: not known. */
int64_t trust_own_until(const struct trust *trust);
int64_t trust_peer_until(const struct trust *trust);

#endif
