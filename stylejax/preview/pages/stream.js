"use strict";
/* One stream for all tabs of a run. A tab leaves when it is closed, or when the run has ended and it has fetched the result. */
const tabs = new Set();
let stream = null, last = null;

function broadcast(message) {
  last = message;
  for (const tab of tabs) tab.postMessage(message);
}

onconnect = ({ ports: [tab] }) => {
  tabs.add(tab);
  tab.onmessage = () => {
    tabs.delete(tab);
    if (tabs.size || !stream) return;
    stream.close();
    stream = null;
  };
  if (stream === null) {
    stream = new EventSource("events");
    stream.onmessage = (event) => broadcast(event.data);
    stream.onerror = () => broadcast("");
  } else if (last !== null) tab.postMessage(last);
};
