"""The wire format of rtnetlink: numbers and types from pyroute2's definitions, packed by plain code."""
