/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What the BPF programs, the sidecar and the decoder (src/watch/records.ts) agree on. All numbers are little endian (the host's),
 * all records a multiple of eight bytes; a change of any layout raises NV_VERSION.
 */
#ifndef NV_PROTOCOL_H
#define NV_PROTOCOL_H

#define NV_MAGIC 0x3157564eu /* "NVW1" as bytes */
#define NV_VERSION 1

enum nv_frame_type {
    NV_HELLO = 1,      /* JSON: who speaks */
    NV_STATUS = 2,     /* JSON: each probe, on, off or unavailable and why */
    NV_REPLY = 3,      /* JSON: the answer to a command */
    NV_DICTIONARY = 4, /* names of numbers: reasons, functions */
    NV_SAMPLES = 5,    /* nv_sample each */
    NV_AGGREGATES = 6, /* nv_aggregate each */
    NV_COUNTERS = 7,   /* nv_counters each, cumulative since the start */
    NV_HISTOGRAMS = 8, /* nv_histogram each */
    NV_SIGHTINGS = 10, /* nv_sighting each */
    NV_FLOWS = 11,     /* nv_flow each */
    NV_WINDOW = 9,     /* no payload: the window that the frames since the last one belong to is complete */
};

/* Before each payload. boot_offset_ns + monotonic_ns is the wall clock's time; a jump of the clock shows as another offset. */
struct nv_frame {
    __u32 magic;
    __u8 version;
    __u8 type;
    __u16 flags;
    __u32 length; /* of the payload */
    __u32 serial; /* counts frames: a hole would show */
    __u64 monotonic_ns;
    __s64 boot_offset_ns;
};

enum nv_direction { NV_UNKNOWN = 0, NV_IN = 1, NV_OUT = 2 };

/* What is counted together. Addresses are 16 bytes (IPv4 mapped), ports in host order, source and destination as the packet has them. */
struct nv_key {
    __u32 netns;  /* inode */
    __u32 reason; /* the probe says which of the kernel's numbers it is */
    __u64 location;
    __u8 source[16];
    __u8 destination[16];
    __u16 source_port;
    __u16 destination_port;
    __u8 probe;
    __u8 direction;
    __u8 family;   /* 4, 6, or 0: no IP */
    __u8 protocol; /* IPPROTO_ */
    __u32 detail;  /* the probe says what: a TCP state, an ICMP type and code */
    __u32 ifindex;
};

struct nv_sums {
    __u64 count;
    __u64 bytes;
    __u64 first_ns;
    __u64 last_ns;
    __u32 samples; /* of these events that went out as nv_sample, or were to */
    __u32 coarse;  /* 1: the table was full, addresses and ports were left out of the key */
};

struct nv_aggregate {
    struct nv_key key;
    struct nv_sums sums;
};

#define NV_STACK 8
struct nv_sample {
    __u64 ns; /* monotonic */
    struct nv_key key; /* with all ports */
    __u64 cgroup;
    __u64 value; /* the probe says what: a latency, a queue's length */
    __u32 length;
    __u32 pid;   /* 0 where the process that runs has nothing to do with it */
    __u64 stack[NV_STACK];
};

/* Each event that a program saw is in exactly one of filtered, sampled_away, aggregated, coarse, lost. */
struct nv_tallies {
    __u64 seen;
    __u64 filtered;
    __u64 sampled_away;
    __u64 aggregated;
    __u64 coarse;      /* aggregated without addresses: the table was full */
    __u64 lost;        /* that table was full too */
    __u64 observed;    /* values put into histograms: beside the sum, since an event may have several or none */
    __u64 unobserved;  /* values that found no room there */
    __u64 samples;     /* details of aggregated events that went out */
    __u64 samples_lost; /* and that did not: the ring was full */
};
struct nv_counters {
    __u32 probe;
    __u32 reserved;
    struct nv_tallies tallies;
    __u64 missed;  /* the kernel did not run the program, which ran on that CPU already (bpf_prog_info.recursion_misses) */
    __u64 drained; /* sum of the counts that left in NV_AGGREGATES */
};

/* One end of a flow. */
struct nv_end {
    __u8 address[16];
    __u16 port; /* host order; 0: the protocol has none */
    __u8 protocol;
    __u8 reserved[5];
};

enum nv_point { NV_SENT = 1, NV_RECEIVED = 2, NV_DROPPED = 3 };
enum nv_form { NV_ENCAPSULATED = 1, NV_QUOTED = 2 /* in an ICMP error, whose own addresses the key has then, with type and code as detail */, NV_DATA = 4 /* of a connection that stands, not of its beginning */ };
/* A followed packet at one place. Its size differs from a sample's: both go through the ring. */
struct nv_sighting {
    __u64 ns; /* monotonic */
    struct nv_key key;
    __u64 signature;
    __u32 slots; /* who follows it, a bit each */
    __u32 length;
    __u8 point;
    __u8 tcp_flags;
    __u8 form;
    __u8 answer; /* 1: from the followed end, or an error about what was sent to it */
    __u32 reserved;
    char device[16];
    __u64 stack[NV_STACK];
};

#define NV_BUCKETS 28
struct nv_histogram_key {
    __u32 netns;
    __u8 probe;
    __u8 metric; /* the probe's own numbering */
    __u16 port;
    __u8 peer[16];
};
struct nv_histogram_value {
    __u64 count;
    __u64 sum;
    __u32 buckets[NV_BUCKETS]; /* [n]: values from 2^(n-1) up to 2^n - 1; the last one: and above */
};
struct nv_histogram {
    struct nv_histogram_key key;
    struct nv_histogram_value value;
};
/* Who talks to whom: connections of one service together, under the service's port, whichever end has it. */
struct nv_flow_key {
    __u32 netns;
    __u16 port;
    __u8 direction; /* NV_OUT: the near end connected */
    __u8 family;
    __u8 address[16]; /* the near end's */
    __u8 peer[16];
    __u64 cgroup;
};
struct nv_flow_value {
    __u64 sent_bytes;
    __u64 received_bytes;
    __u64 sent_packets;
    __u64 received_packets;
    __u64 sent_again;
    __u32 opened; /* met for the first time */
    __u32 closed;
};
struct nv_flow {
    struct nv_flow_key key;
    struct nv_flow_value value;
};
/* What is told of each TCP connection that ends: the metrics 1 to 5 of the probe `connections`. They are counted at once, together and with the flow, so
 * all lies in one place (a lookup each is what such a program takes longest for); the sidecar makes an nv_flow and five nv_histograms of it. */
#define NV_TOLD_OF_CONNECTION 5
struct nv_connection_sums {
    struct nv_flow_value flow;
    __u64 ended; /* of those the histograms are */
    __u64 sums[NV_TOLD_OF_CONNECTION];
    __u32 buckets[NV_BUCKETS][NV_TOLD_OF_CONNECTION]; /* side by side, since what is alike in size is then in one line of the cache */
};

/* What a DNS question asks for, without upper case: labels with their lengths before them (RFC 1035, 3.1), cut off where it is longer. */
#define NV_DNS_NAMES_MAX 1024
#define NV_DNS_NAME 120
/* Histograms of the probe `dns` with this metric are of a name, whose number the first 8 bytes of the peer are. */
#define NV_DNS_NAME_METRIC 2
struct nv_dns_name {
    __u64 last_ns; /* when it was asked for last */
    __u8 wire[NV_DNS_NAME];
};

#define NV_REASON_WORDS 4
/* Per probe; the sidecar writes it, programs only read. */
struct nv_settings {
    __u32 samples; /* per key and window */
    __u32 one_in;  /* of so many events one is looked at: 0 and 1 are all */
    __u64 threshold;
    __u64 excluded[NV_REASON_WORDS]; /* reasons (a bit each) that are not looked at */
    __u32 netns; /* 0: all */
    __u16 port;  /* either end's; 0: all */
    __u8 protocol; /* 0: all */
    __u8 filter_address;
    __u64 address[2]; /* either end's, under the mask */
    __u64 mask[2];
};

#define NV_PROBES 32
#define NV_AGGREGATES_MAX 16384
#define NV_COARSE_MAX 2048
#define NV_HISTOGRAMS_MAX 8192
#define NV_FLOWS_MAX 8192
#define NV_RING_BYTES (4 * 1024 * 1024)
#define NV_WAKE_BYTES (64 * 1024)

#endif
