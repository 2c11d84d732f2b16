# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Ranks as processes of this machine, each with the environment that a launcher would give it."""
import itertools
import os
import secrets
import subprocess
import time

LAUNCHERS = ("moert", "torchrun", "openmpi", "pmi", "slurm")
FOREIGN = ("MOERT_", "OMPI_", "PMI_", "MPI_", "SLURM_", "MASTER_", "TORCHELASTIC_", "RANK",
           "WORLD_SIZE", "LOCAL_RANK")
PATIENCE = 120  # seconds for one group
groups = itertools.count(1)


class Failed(Exception):
    pass


def identity(launcher, rank, size):
    """What `launcher` tells a process of itself."""
    names = {"moert": ("MOERT_RANK", "MOERT_SIZE", "MOERT_LOCAL_RANK"),
             "torchrun": ("RANK", "WORLD_SIZE", "LOCAL_RANK"),
             "openmpi": ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK"),
             "pmi": ("PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID"),
             "slurm": ("SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID")}[launcher]
    return dict(zip(names, (str(rank), str(size), str(rank))))


def environments(launcher, size, plugins):
    """An environment for each rank of a new group, whose ranks meet at a loopback address of their own."""
    number = os.getpid() * 256 + next(groups)
    host = f"127.{number >> 16 & 255}.{number >> 8 & 255}.{1 + number % 254}"
    common = {key: value for key, value in os.environ.items() if not key.startswith(FOREIGN)}
    common |= {"MOERT_TOKEN": secrets.token_hex(16), "MOERT_PLUGIN_PATH": plugins}
    if launcher == "torchrun":
        common |= {"MASTER_ADDR": host, "MASTER_PORT": "29500"}
    elif launcher == "slurm":
        common |= {"SLURM_JOB_NODELIST": host}
    else:
        common |= {"MOERT_RENDEZVOUS": host + ":29500"}
    return [common | identity(launcher, rank, size) for rank in range(size)]


def start(commands, environments):
    return [subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE) for command, environment in zip(commands, environments)]


def finish(processes):
    """What each process printed, once all have ended well; Failed with the first rank that did not."""
    until = time.monotonic() + PATIENCE
    try:
        said = [process.communicate(timeout=max(1, until - time.monotonic())) for process in processes]
    except subprocess.TimeoutExpired:
        raise Failed(f"{len(processes)} processes did not end within {PATIENCE} s") from None
    finally:
        for process in processes:
            if process.poll() is None:
                process.kill()
                process.wait()
    for rank, (process, (_, errors)) in enumerate(zip(processes, said)):
        if process.returncode:
            raise Failed(f"rank {rank} of {len(processes)}: exit {process.returncode}: {errors.decode()[-400:]}")
    return [output for output, _ in said]
