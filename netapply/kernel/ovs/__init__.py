"""Open vSwitch through its database (ovsdb-server(1), ovs-vswitchd.conf.db(5)).

The protocol is JSON-RPC over a Unix socket (RFC 7047), and what netapply needs of it is one method,
`transact`. So it is spoken here (`client`) rather than through the `ovs` package: that one is published as
source only, so every installation would build it; its blocking call has no time limit, and here every wait is
bounded; and its IDL keeps a replica of the whole database in step, for one read and a few writes. Its tools
(ovs-vsctl) bear witness in the tests.

    presence   where the database is, and whether it can be there at all: all that a host without it pays
    client     one connection, transactions
    columns    an attribute's form in the database
    tables     the rows of one moment, read in one transaction
    reading    rows → resources
    rows       operations → the rows that shall be
    program    these rows → one transaction
    service    carry a group of operations out, and wait until ovs-vswitchd has done so too
"""
