"""Puts the kernel's IP at one end of a laboratory's wire.

    tun-relay.py ADDRESS/PREFIX

Makes a TUN device with this address (it goes away with the process), and passes packets between it and a UDP
socket on 127.0.0.1, one IPv4 packet a datagram (electron/engine/drivers/WIRE.md). Says "NAME is on
udp:127.0.0.1:PORT" once it is up; the port of the peer, who starts later, is then read from standard input.
Ends when standard input does. Needs Linux, /dev/net/tun and CAP_NET_ADMIN; exit status 3: one of these is missing.
"""

import fcntl
import os
import select
import socket
import struct
import sys

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
SIOCSIFADDR, SIOCSIFNETMASK, SIOCGIFFLAGS, SIOCSIFFLAGS = 0x8916, 0x891C, 0x8913, 0x8914
IFF_UP, IFF_RUNNING = 0x1, 0x40
MTU = 1500


def open_tun():
    """A new TUN device: its file descriptor and name."""
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    request = fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", b"rexmit%d", IFF_TUN | IFF_NO_PI))
    return device, request[:16].rstrip(b"\0")


def bring_up(name, address, prefix):
    """Gives the device its address and network, and switches it on."""
    mask = struct.pack("!I", (0xFFFFFFFF << (32 - prefix)) & 0xFFFFFFFF)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for what, value in ((SIOCSIFADDR, socket.inet_aton(address)), (SIOCSIFNETMASK, mask)):
            fcntl.ioctl(control, what, struct.pack("16sH2x4s8x", name, socket.AF_INET, value))
        (flags,) = struct.unpack("16xH", fcntl.ioctl(control, SIOCGIFFLAGS, struct.pack("16sH14x", name, 0))[:18])
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH14x", name, flags | IFF_UP | IFF_RUNNING))


def relay(device, wire, control):
    """Passes packets both ways until `control` ends. Only IPv4 goes on: the kernel also tries IPv6 here."""
    peer = None
    while True:
        ready, _, _ = select.select([device, wire, control], [], [])
        if control in ready:
            line = os.read(control, 64)
            if not line:
                return
            peer = ("127.0.0.1", int(line))
        if device in ready:
            packet = os.read(device, MTU)
            if packet[0] >> 4 == 4 and peer is not None:
                wire.sendto(packet, peer)
        if wire in ready:
            packet, source = wire.recvfrom(65535)
            if source == peer:
                os.write(device, packet)


def main():
    address, prefix = sys.argv[1].split("/")
    try:
        device, name = open_tun()
        bring_up(name, address, int(prefix))
    except OSError as error:
        print(f"no TUN device: {error}", file=sys.stderr)
        return 3
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        wire.bind(("127.0.0.1", 0))
        print(f"{name.decode()} is on udp:127.0.0.1:{wire.getsockname()[1]}", flush=True)
        relay(device, wire, sys.stdin.fileno())
    return 0


sys.exit(main())
