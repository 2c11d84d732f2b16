#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A model on two hosts with two ranks each; the hosts are network namespaces of this machine.

usage: two_hosts.py PROGRAM ALONE OUT
       two_hosts.py --check               exit code 77 and the reason where namespaces are not permitted

PROGRAM and ALONE are examples/tiny-moe-lm, compiled with --state auto; PROGRAM with --ranks 4. Each rank goes on with
texts of its own, ALONE with those of one rank after the other. Fails unless both say the same, to the bit, and the
network device between the hosts has counted what the ranks say they have sent, and besides at most LEAST bytes and
MORE of it. Needs Linux, util-linux and iproute2, Python's own library only; nothing but OUT is left behind.
"""
import glob
import json
import os
import secrets
import struct
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TEXT = os.path.join(HERE, "..", "tiny-moe-lm", "held-out.txt")
HOSTS, RANKS, STEPS, LENGTH = ("10.77.0.1", "10.77.0.2"), 4, 16, 192
LEAST, MORE = 65536, 0.04
# Ethernet, IPv4, and TCP with time stamps. The device counts what it is handed, which may be cut into packets later.
HEADERS = 14 + 20 + 32
SKIPPED = 77


def enter():
    """Starts this program again as root of namespaces of its own, which end with it."""
    command = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child"]
    if os.geteuid() != 0:
        command += ["--user", "--map-root-user"]
    try:
        probe = subprocess.run([*command, "ip", "link"], capture_output=True, text=True)
        reason = probe.stderr.strip() if probe.returncode else None
    except OSError as error:
        reason = str(error)
    if reason is not None:
        print(f"skipped: no network namespaces here: {reason}")
        sys.exit(SKIPPED)
    if sys.argv[1:] != ["--check"]:
        sys.exit(subprocess.run([*command, sys.executable, __file__, "--inside", *sys.argv[1:]]).returncode)


def make_hosts():
    """Two hosts, a cable between them."""
    def ip(*words):
        subprocess.run(["ip", *words], check=True)

    subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)  # where ip notes names of namespaces
    ip("link", "add", "cable0", "type", "veth", "peer", "name", "cable1")
    for number, address in enumerate(HOSTS):
        host, device = f"host{number}", f"cable{number}"
        ip("netns", "add", host)
        ip("link", "set", device, "netns", host)
        ip("-n", host, "address", "add", address + "/24", "dev", device)
        ip("-n", host, "link", "set", "lo", "up")
        ip("-n", host, "link", "set", device, "up")


def counted(host):
    """Bytes that the host has sent through its cable, without those of headers."""
    text = subprocess.run(["ip", "-json", "-statistics", "-n", f"host{host}", "link", "show", f"cable{host}"],
                          check=True, capture_output=True).stdout
    sent = json.loads(text)[0]["stats64"]["tx"]
    return sent["bytes"] - HEADERS * sent["packets"]


def write_ids(path, rows):
    header = repr({"descr": "<i8", "fortran_order": False, "shape": (len(rows), LENGTH)})
    header += " " * (-(len(header) + 11) % 64) + "\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
        for row in rows:
            file.write(struct.pack(f"<{LENGTH}q", *row))


def words(program, out, rank):
    """The command that goes on with a rank's texts."""
    return [program, "--input", f"input_ids={out}/prompts{rank}.npy", "--advance", "position_ids",
            "--steps", str(STEPS), "--feed", "input_ids=argmax(logits)", "--quiet"]


def start(program, out, rank, secret):
    """A rank as torchrun would start it; the secret is what a launcher of your own has to bring."""
    host = rank * len(HOSTS) // RANKS
    environment = dict(os.environ, RANK=str(rank), WORLD_SIZE=str(RANKS), LOCAL_RANK=str(rank % 2),
                       MASTER_ADDR=HOSTS[0], MASTER_PORT="29500", MOERT_TOKEN=secret)
    return subprocess.Popen(["ip", "netns", "exec", f"host{host}", *words(program, out, rank), "--output-dir",
                             f"{out}/rank{rank}", "--profile", f"{out}/profile{rank}.json"], env=environment,
                            stdout=subprocess.PIPE)


def read_files(folder):
    files = {}
    for path in glob.glob(os.path.join(folder, "*.npy")):
        with open(path, "rb") as file:
            files[os.path.basename(path)] = file.read()
    return files


def main(program, alone, out):
    program, alone, out = (os.path.abspath(path) for path in (program, alone, out))
    os.makedirs(out, exist_ok=True)
    with open(TEXT, "rb") as file:
        text = file.read()
    for rank in range(RANKS):  # as many texts as ranks before it have, and two more
        rows = [list(text[at * LENGTH:(at + 1) * LENGTH]) for at in range(8 * rank, 8 * rank + 2 + 2 * rank)]
        write_ids(f"{out}/prompts{rank}.npy", rows)
    make_hosts()
    secret = secrets.token_hex(16)
    processes = [start(program, out, rank, secret) for rank in range(RANKS)]
    said = [process.communicate()[0] for process in processes]
    codes = [process.returncode for process in processes]
    if any(codes):
        sys.exit(f"ranks ended with exit codes {codes}")

    failed = False
    for rank in range(RANKS):
        expected = subprocess.run([*words(alone, out, rank), "--output-dir", f"{out}/alone{rank}"], check=True,
                                  stdout=subprocess.PIPE).stdout
        files = read_files(f"{out}/rank{rank}")
        same = said[rank] == expected and files and files == read_files(f"{out}/alone{rank}")
        tokens = [line.split()[0] for line in said[rank].decode().splitlines()]
        print(f"rank {rank} on host {rank // 2}: {bytes(map(int, tokens))!r}, "
              f"{'the bits of one rank' if same else 'not what one rank says'}")
        failed |= not same

    for host in range(len(HOSTS)):
        rows = sent = 0
        for rank in (2 * host, 2 * host + 1):
            with open(f"{out}/profile{rank}.json") as file:
                for entry in json.load(file)["traffic"]:
                    if entry["rank"] != rank:
                        sys.exit(f"the profile of rank {rank} is of rank {entry['rank']}")
                    if entry["peer"] // 2 != host:
                        rows += entry["dispatch_rows"] + entry["return_rows"]
                        sent += entry["dispatch_bytes"] + entry["return_bytes"]
        device = counted(host)
        fits = 0 < sent <= device <= sent * (1 + MORE) + LEAST
        print(f"host {host} sent {rows} rows, {sent} bytes; its device counts {device}, {device / sent - 1:+.2%}"
              f"{'' if fits else ': too many or too few'}")
        failed |= not fits
    return 1 if failed else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        sys.exit(main(*sys.argv[2:]))
    if len(sys.argv) != 4 and sys.argv[1:] != ["--check"]:
        sys.exit(__doc__)
    enter()
