/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Thinning: a closed segment is written anew with every other sample of each
 * tag, and takes its place. Events and entries stay, and so do lsn and totals:
 * readers find what is missing as they find any loss. The log's thread.
 */
#ifndef CORE_STORE_THIN_H
#define CORE_STORE_THIN_H

#include "core/store/inside.h"

#define THIN_TIMES  4u          /* then one sample in sixteen is left */

/* -errno: the segment is as it was. */
int thin_segment(struct store *store, struct segment *segment) EW_CHECKED;

#endif
