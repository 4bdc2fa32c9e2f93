/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The objects of sensors and actuators (3200 to 3350), which are made of
 * resources that they share. Facts only: see object.h.
 */
#include "proto/lwm2m/object.h"

#define OPS_R   LWM2M_READABLE
#define OPS_W   LWM2M_WRITABLE
#define OPS_RW  (LWM2M_READABLE | LWM2M_WRITABLE)
#define OPS_E   LWM2M_EXECUTABLE

/* Ascending by id. */
const struct lwm2m_resource lwm2m_resources_shared[] = {
	{5500, LWM2M_BOOLEAN, OPS_R, "Digital Input State", .unit = NULL},
	{5501, LWM2M_INTEGER, OPS_R, "Digital Input Counter", .unit = NULL},
	{5502, LWM2M_BOOLEAN, OPS_RW, "Digital Input Polarity", .unit = NULL},
	{5503, LWM2M_INTEGER, OPS_RW, "Digital Input Debounce", .unit = "ms"},
	{5504, LWM2M_INTEGER, OPS_RW, "Digital Input Edge Selection", .low = 1, .high = 3},
	{5505, LWM2M_NONE, OPS_E, "Digital Input Counter Reset", .unit = NULL},
	{5506, LWM2M_TIME, OPS_RW, "Current Time", .unit = NULL},
	{5507, LWM2M_FLOAT, OPS_RW, "Fractional Time", .unit = "s", .low = 0, .high = 1},
	{5508, LWM2M_FLOAT, OPS_R, "Min X Value", .unit = NULL},
	{5509, LWM2M_FLOAT, OPS_R, "Max X Value", .unit = NULL},
	{5510, LWM2M_FLOAT, OPS_R, "Min Y Value", .unit = NULL},
	{5511, LWM2M_FLOAT, OPS_R, "Max Y Value", .unit = NULL},
	{5512, LWM2M_FLOAT, OPS_R, "Min Z Value", .unit = NULL},
	{5513, LWM2M_FLOAT, OPS_R, "Max Z Value", .unit = NULL},
	{5517, LWM2M_OPAQUE, OPS_R, "Velocity", .unit = NULL},
	{5518, LWM2M_TIME, OPS_R, "Timestamp", .unit = NULL},
	{5519, LWM2M_FLOAT, OPS_R, "Min Limit", .unit = NULL},
	{5520, LWM2M_FLOAT, OPS_R, "Max Limit", .unit = NULL},
	{5521, LWM2M_FLOAT, OPS_RW, "Delay Duration", .unit = "s"},
	{5523, LWM2M_NONE, OPS_E, "Trigger", .unit = NULL},
	{5525, LWM2M_FLOAT, OPS_RW, "Minimum Off-time", .unit = "s"},
	{5526, LWM2M_INTEGER, OPS_RW, "Timer Mode", .low = 0, .high = 4},
	{5534, LWM2M_INTEGER, OPS_RW, "Counter", .unit = NULL},
	{5536, LWM2M_FLOAT, OPS_RW, "Current Position", .unit = "/100", .low = 0, .high = 100},
	{5537, LWM2M_FLOAT, OPS_RW, "Transition Time", .unit = "s"},
	{5538, LWM2M_FLOAT, OPS_R, "Remaining Time", .unit = "s"},
	{5543, LWM2M_BOOLEAN, OPS_R, "Digital State", .unit = NULL},
	{5544, LWM2M_FLOAT, OPS_RW, "Cumulative Time", .unit = "s"},
	{5547, LWM2M_INTEGER, OPS_R, "Multi-state Input", .unit = NULL},
	{5548, LWM2M_FLOAT, OPS_RW, "Level", .unit = "/100", .low = 0, .high = 100},
	{5550, LWM2M_BOOLEAN, OPS_RW, "Digital Output State", .unit = NULL},
	{5551, LWM2M_BOOLEAN, OPS_RW, "Digital Output Polarity", .unit = NULL},
	{5600, LWM2M_FLOAT, OPS_R, "Analog Input Current Value", .unit = NULL},
	{5601, LWM2M_FLOAT, OPS_R, "Min Measured Value", .unit = NULL},
	{5602, LWM2M_FLOAT, OPS_R, "Max Measured Value", .unit = NULL},
	{5603, LWM2M_FLOAT, OPS_R, "Min Range Value", .unit = NULL},
	{5604, LWM2M_FLOAT, OPS_R, "Max Range Value", .unit = NULL},
	{5605, LWM2M_NONE, OPS_E, "Reset Min and Max Measured Values", .unit = NULL},
	{5650, LWM2M_FLOAT, OPS_RW, "Analog Output Current Value", .low = 0, .high = 1},
	{5700, LWM2M_FLOAT, OPS_R, "Sensor Value", .unit = NULL},
	{5701, LWM2M_STRING, OPS_R, "Sensor Units", .unit = NULL},
	{5702, LWM2M_FLOAT, OPS_R, "X Value", .unit = NULL},
	{5703, LWM2M_FLOAT, OPS_R, "Y Value", .unit = NULL},
	{5704, LWM2M_FLOAT, OPS_R, "Z Value", .unit = NULL},
	{5705, LWM2M_FLOAT, OPS_R, "Compass Direction", .unit = "deg", .low = 0, .high = 360},
	{5706, LWM2M_STRING, OPS_RW, "Colour", .unit = NULL},
	{5750, LWM2M_STRING, OPS_RW, "Application Type", .unit = NULL},
	{5751, LWM2M_STRING, OPS_R, "Sensor Type", .unit = NULL},
	{5800, LWM2M_FLOAT, OPS_R, "Instantaneous active power", .unit = "W"},
	{5801, LWM2M_FLOAT, OPS_R, "Min Measured active power", .unit = "W"},
	{5802, LWM2M_FLOAT, OPS_R, "Max Measured active power", .unit = "W"},
	{5803, LWM2M_FLOAT, OPS_R, "Min Range active power", .unit = "W"},
	{5804, LWM2M_FLOAT, OPS_R, "Max Range active power", .unit = "W"},
	{5805, LWM2M_FLOAT, OPS_R, "Cumulative active power", .unit = "Wh"},
	{5806, LWM2M_FLOAT, OPS_W, "Active Power Calibration", .unit = "W"},
	{5810, LWM2M_FLOAT, OPS_R, "Instantaneous reactive power", .unit = "var"},
	{5811, LWM2M_FLOAT, OPS_R, "Min Measured reactive power", .unit = "var"},
	{5812, LWM2M_FLOAT, OPS_R, "Max Measured reactive power", .unit = "var"},
	{5813, LWM2M_FLOAT, OPS_R, "Min Range reactive power", .unit = "var"},
	{5814, LWM2M_FLOAT, OPS_R, "Max Range reactive power", .unit = "var"},
	{5815, LWM2M_FLOAT, OPS_R, "Cumulative reactive power", .unit = "varh"},
	{5816, LWM2M_FLOAT, OPS_W, "Reactive Power Calibration", .unit = "var"},
	{5820, LWM2M_FLOAT, OPS_R, "Power factor", .unit = NULL},
	{5821, LWM2M_FLOAT, OPS_RW, "Current Calibration", .unit = NULL},
	{5822, LWM2M_NONE, OPS_E, "Reset Cumulative energy", .unit = NULL},
	{5823, LWM2M_STRING, OPS_RW, "Event Identifier", .unit = NULL},
	{5824, LWM2M_TIME, OPS_RW, "Start Time", .unit = NULL},
	{5825, LWM2M_INTEGER, OPS_RW, "Duration In Min", .unit = "min"},
	{5826, LWM2M_INTEGER, OPS_RW, "Criticality Level", .low = 0, .high = 3},
	{5827, LWM2M_INTEGER, OPS_RW, "Avg Load AdjPct", .unit = "/100", .low = 0, .high = 100},
	{5828, LWM2M_INTEGER, OPS_RW, "Duty Cycle", .unit = "/100", .low = 0, .high = 100},
	{5850, LWM2M_BOOLEAN, OPS_RW, "On/Off", .unit = NULL},
	{5851, LWM2M_INTEGER, OPS_RW, "Dimmer", .unit = "/100", .low = 0, .high = 100},
	{5852, LWM2M_INTEGER, OPS_RW, "On time", .unit = "s"},
	{5853, LWM2M_STRING, OPS_RW, "Multi-state Output", .unit = NULL},
	{5854, LWM2M_INTEGER, OPS_RW, "Off Time", .unit = "s"},
	{5900, LWM2M_FLOAT, OPS_RW, "Set Point Value", .unit = NULL},
	{5903, LWM2M_INTEGER, OPS_RW, "Busy to Clear delay", .unit = "ms"},
	{5904, LWM2M_INTEGER, OPS_RW, "Clear to Busy delay", .unit = "ms"},
	{5910, LWM2M_INTEGER, OPS_R, "Bitmap Input", .unit = NULL},
	{5911, LWM2M_NONE, OPS_E, "Bitmap Input Reset", .unit = NULL},
	{5912, LWM2M_STRING, OPS_RW, "Element Description", .unit = NULL},
	{6042, LWM2M_INTEGER, OPS_R, "Measurement Quality Indicator", .low = 0, .high = 23},
	{6049, LWM2M_INTEGER, OPS_R, "Measurement Quality Level", .low = 0, .high = 100},
	{6050, LWM2M_FLOAT, OPS_R, "Fractional Timestamp", .unit = "s", .low = 0, .high = 1},
	{6051, LWM2M_FLOAT, OPS_R, "Numeric Latitude", .unit = "lat"},
	{6052, LWM2M_FLOAT, OPS_R, "Numeric Longitude", .unit = "lon"},
	{6053, LWM2M_FLOAT, OPS_R, "Numeric Uncertainty", .unit = "m"},
};
const size_t lwm2m_resources_shared_count =
	sizeof(lwm2m_resources_shared) / sizeof(lwm2m_resources_shared[0]);

/* Which resources, the mandatory ones first. Many objects have the same. */
static const uint16_t of_3200[] = {
	5500, 5501, 5502, 5503, 5504, 5505, 5518, 5750, 5751, 6050,
};
static const uint16_t of_3201[] = {
	5550, 5518, 5551, 5750, 6050,
};
static const uint16_t of_3202[] = {
	5600, 5518, 5601, 5602, 5603, 5604, 5605, 5750, 5751, 6042, 6049, 6050,
};
static const uint16_t of_3203[] = {
	5650, 5518, 5603, 5604, 5750, 6050,
};
static const uint16_t of_3300[] = {
	5700, 5518, 5601, 5602, 5603, 5604, 5605, 5701, 5750, 5751, 6042, 6049, 6050,
};
static const uint16_t of_3301[] = {
	5700, 5518, 5601, 5602, 5603, 5604, 5605, 5701, 5750, 6042, 6049, 6050,
};
static const uint16_t of_3302[] = {
	5500, 5501, 5505, 5518, 5750, 5751, 5903, 5904, 6042, 6049, 6050,
};
static const uint16_t of_3305[] = {
	5800, 5518, 5605, 5750, 5801, 5802, 5803, 5804, 5805, 5806, 5810, 5811, 5812, 5813,
	5814, 5815, 5816, 5820, 5821, 5822, 6042, 6049, 6050,
};
static const uint16_t of_3306[] = {
	5850, 5518, 5750, 5851, 5852, 5853, 6050,
};
static const uint16_t of_3308[] = {
	5900, 5518, 5701, 5706, 5750, 6050,
};
static const uint16_t of_3310[] = {
	5823, 5824, 5825, 5518, 5750, 5826, 5827, 5828, 6050,
};
static const uint16_t of_3311[] = {
	5850, 5701, 5706, 5750, 5805, 5820, 5851, 5852,
};
static const uint16_t of_3312[] = {
	5850, 5518, 5750, 5805, 5820, 5851, 5852, 6050,
};
static const uint16_t of_3313[] = {
	5702, 5518, 5603, 5604, 5701, 5703, 5704, 5750, 6042, 6049, 6050,
};
static const uint16_t of_3314[] = {
	5702, 5518, 5701, 5703, 5704, 5705, 5750, 6042, 6049, 6050,
};
static const uint16_t of_3316[] = {
	5700, 5518, 5601, 5602, 5603, 5604, 5605, 5701, 5750, 5821, 6042, 6049, 6050,
};
static const uint16_t of_3331[] = {
	5700, 5518, 5701, 5750, 5822, 6042, 6049, 6050,
};
static const uint16_t of_3332[] = {
	5705, 5518, 5601, 5602, 5605, 5750, 6042, 6049, 6050,
};
static const uint16_t of_3333[] = {
	5506, 5507, 5750, 6042, 6049,
};
static const uint16_t of_3334[] = {
	5702, 5508, 5509, 5510, 5511, 5512, 5513, 5518, 5603, 5604, 5605, 5701, 5703, 5704,
	5750, 6042, 6049, 6050,
};
static const uint16_t of_3335[] = {
	5706, 5518, 5701, 5750, 6042, 6049, 6050,
};
static const uint16_t of_3336[] = {
	6051, 6052, 5517, 5518, 5705, 5750, 6042, 6049, 6050, 6053,
};
static const uint16_t of_3337[] = {
	5536, 5518, 5519, 5520, 5537, 5538, 5601, 5602, 5605, 5750, 6050,
};
static const uint16_t of_3338[] = {
	5850, 5525, 5518, 5521, 5548, 5750, 6050,
};
static const uint16_t of_3340[] = {
	5521, 5501, 5523, 5525, 5526, 5534, 5538, 5543, 5544, 5750, 5850,
};
static const uint16_t of_3342[] = {
	5500, 5501, 5518, 5750, 5852, 5854, 6050,
};
static const uint16_t of_3343[] = {
	5548, 5750, 5852, 5854,
};
static const uint16_t of_3345[] = {
	5500, 5501, 5702, 5703, 5704, 5750,
};
static const uint16_t of_3347[] = {
	5500, 5501, 5518, 5750, 6050,
};
static const uint16_t of_3348[] = {
	5547, 5518, 5750, 6050,
};
static const uint16_t of_3349[] = {
	5910, 5518, 5750, 5911, 5912, 6050,
};
static const uint16_t of_3350[] = {
	5544, 5501, 5518, 5750, 5850, 6042, 6049, 6050,
};

#define SHARED(number, words, text, list, mandatory)                                            \
	{.id = (number), .name = (words), .version = (text), .is_multiple = true,              \
	 .shared = (list), .shared_count = sizeof(list) / sizeof((list)[0]),                   \
	 .mandatory_count = (mandatory)}

const struct lwm2m_object lwm2m_objects_ipso[] = {
	SHARED(3200, "Digital Input", "1.1", of_3200, 1),
	SHARED(3201, "Digital Output", "1.1", of_3201, 1),
	SHARED(3202, "Analog Input", "1.1", of_3202, 1),
	SHARED(3203, "Analog Output", "1.1", of_3203, 1),
	SHARED(3300, "Generic Sensor", "1.1", of_3300, 1),
	SHARED(3301, "Illuminance", "1.1", of_3301, 1),
	SHARED(3302, "Presence", "1.1", of_3302, 1),
	SHARED(3303, "Temperature", "1.1", of_3301, 1),
	SHARED(3304, "Humidity", "1.1", of_3301, 1),
	SHARED(3305, "Power Measurement", "1.1", of_3305, 1),
	SHARED(3306, "Actuation", "1.1", of_3306, 1),
	SHARED(3308, "Set Point", "1.1", of_3308, 1),
	SHARED(3310, "Load Control", "1.1", of_3310, 3),
	SHARED(3311, "Light Control", "1.0", of_3311, 1),
	SHARED(3312, "Power Control", "1.1", of_3312, 1),
	SHARED(3313, "Accelerometer", "1.1", of_3313, 1),
	SHARED(3314, "Magnetometer", "1.1", of_3314, 1),
	SHARED(3315, "Barometer", "1.1", of_3301, 1),
	SHARED(3316, "Voltage", "1.1", of_3316, 1),
	SHARED(3317, "Current", "1.1", of_3316, 1),
	SHARED(3318, "Frequency", "1.1", of_3316, 1),
	SHARED(3319, "Depth", "1.1", of_3316, 1),
	SHARED(3320, "Percentage", "1.1", of_3316, 1),
	SHARED(3321, "Altitude", "1.1", of_3316, 1),
	SHARED(3322, "Load", "1.1", of_3316, 1),
	SHARED(3323, "Pressure", "1.1", of_3316, 1),
	SHARED(3324, "Loudness", "1.1", of_3316, 1),
	SHARED(3325, "Concentration", "1.1", of_3316, 1),
	SHARED(3326, "Acidity", "1.1", of_3316, 1),
	SHARED(3327, "Conductivity", "1.1", of_3316, 1),
	SHARED(3328, "Power", "1.1", of_3316, 1),
	SHARED(3329, "Power Factor", "1.1", of_3316, 1),
	SHARED(3330, "Distance", "1.1", of_3316, 1),
	SHARED(3331, "Energy", "1.1", of_3331, 1),
	SHARED(3332, "Direction", "1.1", of_3332, 1),
	SHARED(3333, "Time", "1.1", of_3333, 1),
	SHARED(3334, "Gyrometer", "1.1", of_3334, 1),
	SHARED(3335, "Colour", "1.1", of_3335, 1),
	SHARED(3336, "Location", "2.0", of_3336, 2),
	SHARED(3337, "Positioner", "1.1", of_3337, 1),
	SHARED(3338, "Buzzer", "1.1", of_3338, 2),
	SHARED(3340, "Timer", "1.0", of_3340, 1),
	SHARED(3342, "On/Off switch", "1.1", of_3342, 1),
	SHARED(3343, "Dimmer", "1.0", of_3343, 1),
	SHARED(3345, "Multiple Axis Joystick", "1.0", of_3345, 0),
	SHARED(3346, "Rate", "1.1", of_3316, 1),
	SHARED(3347, "Push button", "1.1", of_3347, 1),
	SHARED(3348, "Multi-state Selector", "1.1", of_3348, 1),
	SHARED(3349, "Bitmap", "1.1", of_3349, 1),
	SHARED(3350, "Stopwatch", "1.1", of_3350, 1),
};
const size_t lwm2m_objects_ipso_count =
	sizeof(lwm2m_objects_ipso) / sizeof(lwm2m_objects_ipso[0]);
