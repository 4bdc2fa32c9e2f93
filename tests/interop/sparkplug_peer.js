// SPDX-License-Identifier: Apache-2.0
// Foreign packages: sparkplug-payload as the codec of a host, sparkplug-client
// as an edge node.
//
//   node sparkplug_peer.js command EXPECT FILE   a DCMD with these values
//   node sparkplug_peer.js check EXPECT LOG      the last DBIRTH in LOG has them
//   node sparkplug_peer.js template LOG          the last NBIRTH in LOG defines the
//                          pump that the last DBIRTH of pump-1 is
//   node sparkplug_peer.js edge URL CA CERTIFICATE KEY
//                          an edge node with a device that does what it is told,
//                          until it is told to be born again
"use strict";

const fs = require("fs");
const codec = require("sparkplug-payload").get("spBv1.0");

const names = {
  1: "Int8", 2: "Int16", 3: "Int32", 4: "Int64", 5: "UInt8", 6: "UInt16", 7: "UInt32",
  8: "UInt64", 9: "Float", 10: "Double", 11: "Boolean", 12: "String", 13: "DateTime",
  15: "UUID", 16: "DataSet", 17: "Bytes", 18: "File",
};
const longs = [4, 8, 13];

function fromExpected(row) {
  if (row.type === 16) {
    return {
      numOfColumns: row.value[0].length,
      columns: row.value[0].map((column) => column[0]),
      types: row.value[0].map((column) => names[column[1]]),
      rows: row.value[1],
    };
  }
  if (row.type === 17 || row.type === 18) {
    return Buffer.from(row.value, "hex");
  }
  if (longs.includes(row.type)) {
    const Long = require("long");
    return Long.fromString(row.value, row.type !== 4);
  }
  return row.type < 9 ? Number(row.value) : row.value;
}

function toExpected(metric, type) {
  const value = metric.value;
  if (type === 16) {
    return [value.columns.map((name, i) => [name, Number(
      Object.keys(names).find((code) => names[code] === value.types[i]))]), value.rows];
  }
  if (type === 17 || type === 18) {
    return Buffer.from(value).toString("hex");
  }
  if (type === 13) {
    return String(value instanceof Date ? value.getTime() : value);
  }
  return type < 9 ? String(value) : value;
}

function command(expected, file) {
  const payload = {
    timestamp: Date.now(),
    metrics: expected.map((row) => ({
      name: row.name, type: names[row.type], value: fromExpected(row),
    })),
  };
  fs.writeFileSync(file, codec.encodePayload(payload));
}

function check(expected, log) {
  const births = fs.readFileSync(log, "utf8").split("\n").slice(0, -1)
    .filter((line) => line.includes("/DBIRTH/gw1/plain "));
  const payload = codec.decodePayload(
    Buffer.from(births[births.length - 1].split(" ").pop(), "hex"));
  for (const row of expected) {
    const metric = payload.metrics.find((one) => one.name === row.name);
    const value = metric === undefined ? undefined : toExpected(metric, row.type);
    if (metric === undefined || metric.type !== names[row.type] ||
        JSON.stringify(value) !== JSON.stringify(row.value)) {
      console.error(`${row.name} is ${JSON.stringify(value)}, not ${JSON.stringify(row.value)}`);
      process.exit(1);
    }
  }
}

// The payload of the last message of a topic.
function last(log, topic) {
  const lines = fs.readFileSync(log, "utf8").split("\n").slice(0, -1)
    .filter((line) => line.startsWith(topic + " "));
  return codec.decodePayload(Buffer.from(lines[lines.length - 1].split(" ").pop(), "hex"));
}

function template(log) {
  const node = last(log, "spBv1.0/plant/NBIRTH/gw1").metrics;
  const device = last(log, "spBv1.0/plant/DBIRTH/gw1/pump-1").metrics;
  const definition = node.find((metric) => metric.name === "_types_/pump");
  const instance = device.find((metric) => metric.name === "pump");
  const names = (metric) => metric.value.metrics.map((member) => member.name).sort().join();
  if (definition === undefined || instance === undefined ||
      definition.value.isDefinition !== true || instance.value.isDefinition !== false ||
      instance.value.templateRef !== definition.name || names(definition) !== names(instance) ||
      !instance.value.metrics.some((member) => member.name === "Pump/Flow" && member.value >= 0)) {
    console.error(JSON.stringify([definition, instance]));
    process.exit(1);
  }
}

function edge(url, ca, certificate, key) {
  const client = require("sparkplug-client").newClient({
    serverUrl: url, username: "peer", password: "peer", groupId: "plant",
    edgeNode: "peer", clientId: "peer", version: "spBv1.0", publishDeath: true,
    mqttOptions: {
      ca: fs.readFileSync(ca), cert: fs.readFileSync(certificate), key: fs.readFileSync(key),
      rejectUnauthorized: true,
    },
  });
  client.on("birth", () => {
    const member = (value) => [{ name: "Rpm", type: "Int32", value }];
    client.publishNodeBirth({ timestamp: Date.now(), metrics: [
      { name: "Node Control/Rebirth", type: "Boolean", value: false },
      { name: "_types_/motor", type: "Template", value: {
        isDefinition: true, metrics: member(0), parameters: [] } }] });
    client.publishDeviceBirth("valve", { timestamp: Date.now(), metrics: [
      { name: "Open", type: "Boolean", value: true },
      { name: "Stroke", type: "Double", value: 0.5 },
      { name: "Drive", type: "Template", value: {
        isDefinition: false, templateRef: "motor", metrics: member(1450), parameters: [] } }] });
    client.publishDeviceData("valve", { timestamp: Date.now(), metrics: [
      { name: "Stroke", type: "Double", value: 0.75 }] });
  });
  client.on("dcmd", (device, payload) => {
    client.publishDeviceData(device, { timestamp: Date.now(), metrics: payload.metrics });
  });
  client.on("ncmd", () => {
    client.stop();
  });
}

const [what, ...rest] = process.argv.slice(2);
if (what === "edge") {
  edge(...rest);
} else if (what === "template") {
  template(...rest);
} else {
  const expected = JSON.parse(fs.readFileSync(rest[0], "utf8"));
  (what === "command" ? command : check)(expected, rest[1]);
}
