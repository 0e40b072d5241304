"use strict";
/* The one stream of all tabs of a run; each tab leaves when it is closed, or when the run has ended and it has what it keeps. */
const tabs = new Set();
let stream = null, last = null;

function tell(message) {
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
    stream.onmessage = (event) => tell(event.data);
    stream.onerror = () => tell("");
  } else if (last !== null) tab.postMessage(last);
};
