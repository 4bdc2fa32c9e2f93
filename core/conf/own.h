/* SPDX-License-Identifier: Apache-2.0 */
/* Names that core has for itself on the bus: no instance may have one of them. */
#ifndef CORE_CONF_OWN_H
#define CORE_CONF_OWN_H

#define OWN_GATEWAY  "gateway"          /* publishes the tags of the gateway */
#define OWN_CONTROL  "edgewayctl"       /* writes and watches for a command */

#endif
