/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One JSON object a line for each thing that a receiver is told: samples,
 * devices and their states, events, gaps. Keys stand in a fixed order. Pure.
 */
#ifndef CONSOLE_LINE_H
#define CONSOLE_LINE_H

#include <edgeway/module.h>

#include "modules/console/text.h"

/* {"device":..,"tag":..,"value":..,"unit":..,"quality":..,"reason":..,"time":..} */
void line_sample(struct text *text, const struct ew_device_info *device,
		 const struct ew_tag_info *tag, const struct ew_sample *sample);

/* {"device":..,"change":..,"type":..,"state":..,"reason":..} */
void line_device(struct text *text, enum ew_change change, const struct ew_device_info *device);

/* {"event":..,"severity":..,"device":..,"key":..,"time":..,"body":{..}}; device may be NULL */
void line_event(struct text *text, const struct ew_event *event,
		const struct ew_device_info *device);

/* {"gap":"overflow","samples":..,"events":..} */
void line_gap(struct text *text, const struct ew_gap *gap);

#endif
