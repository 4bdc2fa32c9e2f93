/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The objects that manage a client, and some of other registrants, as the
 * registry has them. Facts only: see object.h.
 */
#include "proto/lwm2m/object.h"

#define OPS_BS  0               /* bootstrap only */
#define OPS_R   LWM2M_READABLE
#define OPS_W   LWM2M_WRITABLE
#define OPS_RW  (LWM2M_READABLE | LWM2M_WRITABLE)
#define OPS_E   LWM2M_EXECUTABLE

static const struct lwm2m_resource resources_0[] = {
	{0, LWM2M_STRING, OPS_BS, "LWM2M Server URI", .is_mandatory = true},
	{1, LWM2M_BOOLEAN, OPS_BS, "Bootstrap-Server", .is_mandatory = true},
	{2, LWM2M_INTEGER, OPS_BS, "Security Mode", .is_mandatory = true, .low = 0, .high = 4},
	{3, LWM2M_OPAQUE, OPS_BS, "Public Key or Identity", .is_mandatory = true},
	{4, LWM2M_OPAQUE, OPS_BS, "Server Public Key", .is_mandatory = true},
	{5, LWM2M_OPAQUE, OPS_BS, "Secret Key", .is_mandatory = true},
	{6, LWM2M_INTEGER, OPS_BS, "SMS Security Mode", .low = 0, .high = 255},
	{7, LWM2M_OPAQUE, OPS_BS, "SMS Binding Key Parameters", .unit = NULL},
	{8, LWM2M_OPAQUE, OPS_BS, "SMS Binding Secret Key(s)", .unit = NULL},
	{9, LWM2M_STRING, OPS_BS, "LwM2M Server SMS Number", .unit = NULL},
	{10, LWM2M_INTEGER, OPS_BS, "Short Server ID", .low = 1, .high = 65534},
	{11, LWM2M_INTEGER, OPS_BS, "Client Hold Off Time", .unit = "s"},
	{12, LWM2M_INTEGER, OPS_BS, "Bootstrap-Server Account Timeout", .unit = "s"},
	{13, LWM2M_UNSIGNED, OPS_BS, "Matching Type", .low = 0, .high = 3},
	{14, LWM2M_STRING, OPS_BS, "SNI", .unit = NULL},
	{15, LWM2M_UNSIGNED, OPS_BS, "Certificate Usage", .low = 0, .high = 3},
	{16, LWM2M_UNSIGNED, OPS_BS, "DTLS/TLS Ciphersuite", .is_multiple = true},
	{17, LWM2M_LINK, OPS_BS, "OSCORE Security Mode", .unit = NULL},
	{18, LWM2M_UNSIGNED, OPS_BS, "Groups To Use by Client", .is_multiple = true, .low = 0,
	 .high = 65535},
	{19, LWM2M_UNSIGNED, OPS_BS, "Signature Algorithms Supported by Server",
	 .is_multiple = true, .low = 0, .high = 65535},
	{20, LWM2M_UNSIGNED, OPS_BS, "Signature Algorithms To Use by Client",
	 .is_multiple = true, .low = 0, .high = 65535},
	{21, LWM2M_UNSIGNED, OPS_BS, "Signature Algorithm Certs Supported by Server",
	 .is_multiple = true, .low = 0, .high = 65535},
	{22, LWM2M_UNSIGNED, OPS_BS, "TLS 1.3 Features To Use by Client", .low = 0, .high = 65535},
	{23, LWM2M_UNSIGNED, OPS_BS, "TLS Extensions Supported by Server", .low = 0, .high = 65535},
	{24, LWM2M_UNSIGNED, OPS_BS, "TLS Extensions To Use by Client", .low = 0, .high = 65535},
	{25, LWM2M_STRING, OPS_BS, "Secondary LwM2M Server URI", .is_multiple = true},
	{26, LWM2M_LINK, OPS_BS, "MQTT Server", .unit = NULL},
	{27, LWM2M_LINK, OPS_BS, "LwM2M COSE Security", .is_multiple = true},
	{28, LWM2M_INTEGER, OPS_BS, "RDS Destination Port", .low = 0, .high = 15},
	{29, LWM2M_INTEGER, OPS_BS, "RDS Source Port", .low = 0, .high = 15},
	{30, LWM2M_STRING, OPS_BS, "RDS Application ID", .unit = NULL},
};

static const struct lwm2m_resource resources_1[] = {
	{0, LWM2M_INTEGER, OPS_R, "Short Server ID", .is_mandatory = true, .low = 1, .high = 65534},
	{1, LWM2M_INTEGER, OPS_RW, "Lifetime", .is_mandatory = true, .unit = "s"},
	{2, LWM2M_INTEGER, OPS_RW, "Default Minimum Period", .unit = "s"},
	{3, LWM2M_INTEGER, OPS_RW, "Default Maximum Period", .unit = "s"},
	{4, LWM2M_NONE, OPS_E, "Disable", .unit = NULL},
	{5, LWM2M_INTEGER, OPS_RW, "Disable Timeout", .unit = "s"},
	{6, LWM2M_BOOLEAN, OPS_RW, "Notification Storing When Disabled or Offline",
	 .is_mandatory = true},
	{7, LWM2M_STRING, OPS_RW, "Binding", .is_mandatory = true},
	{8, LWM2M_NONE, OPS_E, "Registration Update Trigger", .is_mandatory = true},
	{9, LWM2M_NONE, OPS_E, "Bootstrap-Request Trigger", .unit = NULL},
	{10, LWM2M_LINK, OPS_RW, "APN Link", .unit = NULL},
	{11, LWM2M_UNSIGNED, OPS_R, "TLS-DTLS Alert Code", .low = 0, .high = 255},
	{12, LWM2M_TIME, OPS_R, "Last Bootstrapped", .unit = NULL},
	{13, LWM2M_UNSIGNED, OPS_R, "Registration Priority Order", .unit = NULL},
	{14, LWM2M_UNSIGNED, OPS_RW, "Initial Registration Delay Timer", .unit = "s"},
	{15, LWM2M_BOOLEAN, OPS_R, "Registration Failure Block", .unit = NULL},
	{16, LWM2M_BOOLEAN, OPS_R, "Bootstrap on Registration Failure", .unit = NULL},
	{17, LWM2M_UNSIGNED, OPS_RW, "Communication Retry Count", .unit = NULL},
	{18, LWM2M_UNSIGNED, OPS_RW, "Communication Retry Timer", .unit = "s"},
	{19, LWM2M_UNSIGNED, OPS_RW, "Communication Sequence Delay Timer", .unit = "s"},
	{20, LWM2M_UNSIGNED, OPS_RW, "Communication Sequence Retry Count", .unit = NULL},
	{21, LWM2M_BOOLEAN, OPS_RW, "Trigger", .unit = NULL},
	{22, LWM2M_STRING, OPS_RW, "Preferred Transport", .unit = NULL},
	{23, LWM2M_BOOLEAN, OPS_RW, "Mute Send", .unit = NULL},
	{24, LWM2M_LINK, OPS_RW, "Alternate APN Links", .is_multiple = true},
	{25, LWM2M_STRING, OPS_RW, "Supported Server Versions", .is_multiple = true},
	{26, LWM2M_INTEGER, OPS_RW, "Default Notification Mode", .low = 0, .high = 1},
	{27, LWM2M_UNSIGNED, OPS_RW, "Profile ID Hash Algorithm", .low = 0, .high = 255},
};

static const struct lwm2m_resource resources_2[] = {
	{0, LWM2M_INTEGER, OPS_R, "Object ID", .is_mandatory = true, .low = 1, .high = 65534},
	{1, LWM2M_INTEGER, OPS_R, "Object Instance ID", .is_mandatory = true, .low = 0,
	 .high = 65535},
	{2, LWM2M_INTEGER, OPS_RW, "ACL", .is_multiple = true, .low = 0, .high = 31},
	{3, LWM2M_INTEGER, OPS_RW, "Access Control Owner", .is_mandatory = true, .low = 0,
	 .high = 65535},
};

static const struct lwm2m_resource resources_3[] = {
	{0, LWM2M_STRING, OPS_R, "Manufacturer", .unit = NULL},
	{1, LWM2M_STRING, OPS_R, "Model Number", .unit = NULL},
	{2, LWM2M_STRING, OPS_R, "Serial Number", .unit = NULL},
	{3, LWM2M_STRING, OPS_R, "Firmware Version", .unit = NULL},
	{4, LWM2M_NONE, OPS_E, "Reboot", .is_mandatory = true},
	{5, LWM2M_NONE, OPS_E, "Factory Reset", .unit = NULL},
	{6, LWM2M_INTEGER, OPS_R, "Available Power Sources", .is_multiple = true, .low = 0,
	 .high = 7},
	{7, LWM2M_INTEGER, OPS_R, "Power Source Voltage", .is_multiple = true},
	{8, LWM2M_INTEGER, OPS_R, "Power Source Current", .is_multiple = true},
	{9, LWM2M_INTEGER, OPS_R, "Battery Level", .unit = "/100", .low = 0, .high = 100},
	{10, LWM2M_INTEGER, OPS_R, "Memory Free", .unit = NULL},
	{11, LWM2M_INTEGER, OPS_R, "Error Code", .is_multiple = true, .is_mandatory = true,
	 .low = 0, .high = 32},
	{12, LWM2M_NONE, OPS_E, "Reset Error Code", .unit = NULL},
	{13, LWM2M_TIME, OPS_RW, "Current Time", .unit = NULL},
	{14, LWM2M_STRING, OPS_RW, "UTC Offset", .unit = NULL},
	{15, LWM2M_STRING, OPS_RW, "Timezone", .unit = NULL},
	{16, LWM2M_STRING, OPS_R, "Supported Binding and Modes", .is_mandatory = true},
	{17, LWM2M_STRING, OPS_R, "Device Type", .unit = NULL},
	{18, LWM2M_STRING, OPS_R, "Hardware Version", .unit = NULL},
	{19, LWM2M_STRING, OPS_R, "Software Version", .unit = NULL},
	{20, LWM2M_INTEGER, OPS_R, "Battery Status", .low = 0, .high = 6},
	{21, LWM2M_INTEGER, OPS_R, "Memory Total", .unit = NULL},
	{22, LWM2M_LINK, OPS_R, "ExtDevInfo", .is_multiple = true},
};

static const struct lwm2m_resource resources_4[] = {
	{0, LWM2M_INTEGER, OPS_R, "Network Bearer", .is_mandatory = true, .low = 0, .high = 50},
	{1, LWM2M_INTEGER, OPS_R, "Available Network Bearer", .is_multiple = true,
	 .is_mandatory = true, .low = 0, .high = 50},
	{2, LWM2M_INTEGER, OPS_R, "Radio Signal Strength", .is_mandatory = true, .unit = "dBm"},
	{3, LWM2M_INTEGER, OPS_R, "Link Quality", .unit = NULL},
	{4, LWM2M_STRING, OPS_R, "IP Addresses", .is_multiple = true, .is_mandatory = true},
	{5, LWM2M_STRING, OPS_R, "Router IP Addresses", .is_multiple = true},
	{6, LWM2M_INTEGER, OPS_R, "Link Utilization", .unit = "/100", .low = 0, .high = 100},
	{7, LWM2M_STRING, OPS_R, "APN", .is_multiple = true},
	{8, LWM2M_INTEGER, OPS_R, "Cell ID", .unit = NULL},
	{9, LWM2M_INTEGER, OPS_R, "SMNC", .low = 0, .high = 999},
	{10, LWM2M_INTEGER, OPS_R, "SMCC", .low = 0, .high = 999},
	{11, LWM2M_INTEGER, OPS_R, "SignalSNR", .unit = "dB"},
	{12, LWM2M_INTEGER, OPS_R, "LAC", .unit = NULL},
	{13, LWM2M_INTEGER, OPS_R, "Coverage Enhancement Level", .low = 0, .high = 4},
};

static const struct lwm2m_resource resources_5[] = {
	{0, LWM2M_OPAQUE, OPS_W, "Package", .is_mandatory = true},
	{1, LWM2M_STRING, OPS_RW, "Package URI", .is_mandatory = true},
	{2, LWM2M_NONE, OPS_E, "Update", .is_mandatory = true},
	{3, LWM2M_INTEGER, OPS_R, "State", .is_mandatory = true, .low = 0, .high = 3},
	{5, LWM2M_INTEGER, OPS_R, "Update Result", .is_mandatory = true, .low = 0, .high = 11},
	{6, LWM2M_STRING, OPS_R, "PkgName", .unit = NULL},
	{7, LWM2M_STRING, OPS_R, "PkgVersion", .unit = NULL},
	{8, LWM2M_INTEGER, OPS_R, "Firmware Update Protocol Support", .is_multiple = true,
	 .low = 0, .high = 5},
	{9, LWM2M_INTEGER, OPS_R, "Firmware Update Delivery Method", .is_mandatory = true,
	 .low = 0, .high = 2},
	{10, LWM2M_NONE, OPS_E, "Cancel", .unit = NULL},
	{11, LWM2M_INTEGER, OPS_RW, "Severity", .low = 0, .high = 2},
	{12, LWM2M_TIME, OPS_R, "Last State Change Time", .unit = NULL},
	{13, LWM2M_UNSIGNED, OPS_RW, "Maximum Defer Period", .unit = "s"},
	{14, LWM2M_BOOLEAN, OPS_RW, "Automatic Upgrade at Download", .unit = NULL},
};

static const struct lwm2m_resource resources_6[] = {
	{0, LWM2M_FLOAT, OPS_R, "Latitude", .is_mandatory = true, .unit = "lat"},
	{1, LWM2M_FLOAT, OPS_R, "Longitude", .is_mandatory = true, .unit = "lon"},
	{2, LWM2M_FLOAT, OPS_R, "Altitude", .unit = "m"},
	{3, LWM2M_FLOAT, OPS_R, "Radius", .unit = "m"},
	{4, LWM2M_OPAQUE, OPS_R, "Velocity", .unit = NULL},
	{5, LWM2M_TIME, OPS_R, "Timestamp", .is_mandatory = true},
	{6, LWM2M_FLOAT, OPS_R, "Speed", .unit = "m/s"},
};

static const struct lwm2m_resource resources_7[] = {
	{0, LWM2M_INTEGER, OPS_R, "SMS Tx Counter", .unit = NULL},
	{1, LWM2M_INTEGER, OPS_R, "SMS Rx Counter", .unit = NULL},
	{2, LWM2M_INTEGER, OPS_R, "Tx Data", .unit = NULL},
	{3, LWM2M_INTEGER, OPS_R, "Rx Data", .unit = NULL},
	{4, LWM2M_INTEGER, OPS_R, "Max Message Size", .unit = "B"},
	{5, LWM2M_INTEGER, OPS_R, "Average Message Size", .unit = "B"},
	{6, LWM2M_NONE, OPS_E, "Start", .is_mandatory = true},
	{7, LWM2M_NONE, OPS_E, "Stop", .is_mandatory = true},
	{8, LWM2M_INTEGER, OPS_RW, "Collection Period", .unit = "s"},
};

static const struct lwm2m_resource resources_9[] = {
	{0, LWM2M_STRING, OPS_R, "PkgName", .is_mandatory = true},
	{1, LWM2M_STRING, OPS_R, "PkgVersion", .is_mandatory = true},
	{2, LWM2M_OPAQUE, OPS_W, "Package", .unit = NULL},
	{3, LWM2M_STRING, OPS_W, "Package URI", .unit = NULL},
	{4, LWM2M_NONE, OPS_E, "Install", .is_mandatory = true},
	{5, LWM2M_LINK, OPS_R, "Checkpoint", .unit = NULL},
	{6, LWM2M_NONE, OPS_E, "Uninstall", .is_mandatory = true},
	{7, LWM2M_INTEGER, OPS_R, "Update State", .is_mandatory = true, .low = 0, .high = 4},
	{8, LWM2M_BOOLEAN, OPS_RW, "Update Supported Objects", .unit = NULL},
	{9, LWM2M_INTEGER, OPS_R, "Update Result", .is_mandatory = true, .low = 0, .high = 200},
	{10, LWM2M_NONE, OPS_E, "Activate", .is_mandatory = true},
	{11, LWM2M_NONE, OPS_E, "Deactivate", .is_mandatory = true},
	{12, LWM2M_BOOLEAN, OPS_R, "Activation State", .is_mandatory = true},
	{13, LWM2M_LINK, OPS_RW, "Package Settings", .unit = NULL},
	{14, LWM2M_STRING, OPS_W, "User Name", .unit = NULL},
	{15, LWM2M_STRING, OPS_W, "Password", .unit = NULL},
	{16, LWM2M_STRING, OPS_R, "Status Reason", .unit = NULL},
	{17, LWM2M_LINK, OPS_R, "Software Component Link", .is_multiple = true},
	{18, LWM2M_INTEGER, OPS_R, "Software Component tree length", .low = 0, .high = 255},
};

static const struct lwm2m_resource resources_16[] = {
	{0, LWM2M_STRING, OPS_RW, "Identity", .is_multiple = true, .is_mandatory = true},
	{1, LWM2M_NONE, OPS_E, "GetAuthData", .unit = NULL},
	{2, LWM2M_OPAQUE, OPS_R, "AuthData", .is_multiple = true},
	{3, LWM2M_INTEGER, OPS_R, "AuthStatus", .low = 0, .high = 2},
};

static const struct lwm2m_resource resources_19[] = {
	{0, LWM2M_OPAQUE, OPS_RW, "Data", .is_multiple = true, .is_mandatory = true},
	{1, LWM2M_INTEGER, OPS_RW, "Data Priority", .unit = NULL},
	{2, LWM2M_TIME, OPS_RW, "Data Creation Time", .unit = NULL},
	{3, LWM2M_STRING, OPS_RW, "Data Description", .unit = NULL},
	{4, LWM2M_STRING, OPS_RW, "Data Format", .unit = NULL},
	{5, LWM2M_INTEGER, OPS_RW, "App ID", .unit = NULL},
};

static const struct lwm2m_resource resources_23[] = {
	{0, LWM2M_STRING, OPS_BS, "KID", .is_mandatory = true},
	{1, LWM2M_INTEGER, OPS_BS, "AEAD Algorithm", .is_mandatory = true},
	{2, LWM2M_STRING, OPS_BS, "Key", .is_mandatory = true},
};

static const struct lwm2m_resource resources_24[] = {
	{0, LWM2M_BOOLEAN, OPS_RW, "Will Retain", .unit = NULL},
	{1, LWM2M_STRING, OPS_RW, "Will Topic", .unit = NULL},
	{2, LWM2M_STRING, OPS_RW, "Will Message", .unit = NULL},
	{3, LWM2M_BOOLEAN, OPS_RW, "Clean Session", .unit = NULL},
	{4, LWM2M_UNSIGNED, OPS_RW, "Will QoS", .low = 0, .high = 3},
	{5, LWM2M_UNSIGNED, OPS_RW, "Keep Alive", .low = 0, .high = 65535},
	{6, LWM2M_STRING, OPS_RW, "Client Identifier", .is_mandatory = true},
	{7, LWM2M_STRING, OPS_RW, "User Name", .unit = NULL},
	{8, LWM2M_OPAQUE, OPS_RW, "Password", .unit = NULL},
};

static const struct lwm2m_resource resources_25[] = {
	{0, LWM2M_STRING, OPS_R, "Device ID", .is_mandatory = true},
	{1, LWM2M_STRING, OPS_R, "Prefix", .is_mandatory = true},
	{3, LWM2M_CORELINK, OPS_R, "IoT Device Objects", .is_mandatory = true},
};

static const struct lwm2m_resource resources_26[] = {
	{0, LWM2M_UNSIGNED, OPS_R, "LwM2M Object ID", .is_mandatory = true},
	{1, LWM2M_CORELINK, OPS_R, "Mapping Info", .is_mandatory = true},
};

static const struct lwm2m_resource resources_10374[] = {
	{0, LWM2M_STRING, OPS_RW, "Address", .is_mandatory = true},
	{1, LWM2M_INTEGER, OPS_RW, "Physical Layer Type", .is_mandatory = true, .low = 0,
	 .high = 2},
	{2, LWM2M_BOOLEAN, OPS_RW, "Enable", .is_mandatory = true},
	{3, LWM2M_INTEGER, OPS_RW, "Baudrate", .unit = "bit/s"},
	{4, LWM2M_INTEGER, OPS_RW, "Stop Bits", .low = 1, .high = 2},
	{5, LWM2M_INTEGER, OPS_RW, "Parity", .low = 0, .high = 2},
	{6, LWM2M_INTEGER, OPS_RW, "Hardware Control Flow Mode", .low = 0, .high = 2},
	{7, LWM2M_STRING, OPS_R, "Available RTU Ports", .is_multiple = true},
	{8, LWM2M_INTEGER, OPS_R, "State", .is_mandatory = true, .low = 0, .high = 4},
};

static const struct lwm2m_resource resources_10375[] = {
	{0, LWM2M_LINK, OPS_RW, "Connection", .is_mandatory = true},
	{1, LWM2M_INTEGER, OPS_RW, "Register Type", .is_mandatory = true, .low = 1, .high = 4},
	{2, LWM2M_INTEGER, OPS_RW, "Unit ID", .is_mandatory = true},
	{3, LWM2M_INTEGER, OPS_RW, "Starting Register Address", .is_mandatory = true, .low = 0,
	 .high = 65535},
	{4, LWM2M_INTEGER, OPS_RW, "Quantity of Registers", .low = 1, .high = 2000},
	{5, LWM2M_INTEGER, OPS_RW, "Values", .is_multiple = true, .is_mandatory = true,
	 .low = 0, .high = 65535},
	{6, LWM2M_INTEGER, OPS_R, "Minimum Measured Values", .is_multiple = true, .low = 0,
	 .high = 65535},
	{7, LWM2M_INTEGER, OPS_R, "Maximum Measured Values", .is_multiple = true, .low = 0,
	 .high = 65535},
	{8, LWM2M_NONE, OPS_E, "Reset Minimum and Maximum Measured Values", .unit = NULL},
};

static const struct lwm2m_resource resources_18831[] = {
	{0, LWM2M_CORELINK, OPS_RW, "Source", .is_mandatory = true},
	{1, LWM2M_LINK, OPS_RW, "Broker", .is_mandatory = true},
	{2, LWM2M_STRING, OPS_RW, "Topic", .is_mandatory = true},
	{3, LWM2M_UNSIGNED, OPS_RW, "QoS", .is_mandatory = true, .low = 0, .high = 2},
	{4, LWM2M_BOOLEAN, OPS_RW, "Retain", .is_mandatory = true},
	{5, LWM2M_BOOLEAN, OPS_RW, "Active", .unit = NULL},
	{6, LWM2M_UNSIGNED, OPS_RW, "Encoding", .low = 0, .high = 65535},
};

/* Of this project: a tag that can be executed. */
static const struct lwm2m_resource resources_42769[] = {
	{0, LWM2M_NONE, OPS_E, "Run", .is_mandatory = true},
	{5750, LWM2M_STRING, OPS_R, "Application Type", .unit = NULL},
};

#define OWN(number, words, text, multiple)                                              \
	{.id = (number), .name = (words), .version = (text), .is_multiple = (multiple), \
	 .own = resources_##number,                                                     \
	 .own_count = sizeof(resources_##number) / sizeof(resources_##number[0])}

const struct lwm2m_object lwm2m_objects_core[] = {
	OWN(0, "LWM2M Security", "1.2", true),
	OWN(1, "LwM2M Server", "1.2", true),
	OWN(2, "LwM2M Access Control", "1.1", true),
	OWN(3, "Device", "1.2", false),
	OWN(4, "Connectivity Monitoring", "1.3", false),
	OWN(5, "Firmware Update", "1.2", false),
	OWN(6, "Location", "1.0", false),
	OWN(7, "Connectivity Statistics", "1.0", false),
	OWN(9, "LWM2M Software Management", "1.0", true),
	OWN(16, "Portfolio", "1.0", true),
	OWN(19, "BinaryAppDataContainer", "1.0", true),
	OWN(23, "LwM2M COSE", "1.0", true),
	OWN(24, "MQTT Server", "1.0", true),
	OWN(25, "LwM2M Gateway", "2.0", true),
	OWN(26, "LwM2M Gateway Routing", "1.0", true),
	OWN(10374, "Modbus Connection", "1.0", true),
	OWN(10375, "Modbus Register Cluster", "1.0", true),
	OWN(18831, "MQTT Publication", "1.0", true),
	OWN(42769, "Edgeway Command", "1.0", true),
};
const size_t lwm2m_objects_core_count =
	sizeof(lwm2m_objects_core) / sizeof(lwm2m_objects_core[0]);
