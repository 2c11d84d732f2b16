# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the bench demands, in one place."""
import math
import statistics

# A cell fails if our median is longer than another's, and equals would lose as many pairs with this chance only.
CHANCE = 0.05

# The largest difference of the outputs, over their largest value.
DIFFERENCE = 1e-3
# Weights that are rounded to bfloat16 differ by more.
ROUNDED_DIFFERENCE = 5e-2

# Of the whole machine: how much of it other programs and the host may take during a cell.
FOREIGN_SHARE = 0.05
# At the start, where it is measured for a second only.
BUSY_SHARE = 0.2

# compile: at the most.
ONE_LAYER_S = 2
DECODER_S = 10
CODE_RATIO = 1.2
GROWTH_MIB = 96

# start: at the most, and packing over copying the same bytes at the least.
FIRST_TOKEN_S = 0.3
COMPILE_ANONYMOUS_MIB = 400
PACKING_SHARE = 0.6


def is_slower(ours, other):
    """True if the median is longer, and the pairs are unlikely to be those of equals: in a test of signs."""
    if statistics.median(ours) <= statistics.median(other):
        return False
    lost, count = sum(a > b for a, b in zip(ours, other)), len(ours)
    return sum(math.comb(count, n) for n in range(lost, count + 1)) / 2**count < CHANCE

# Of the shorter of exchange and experts, the share that is hidden when both take the same time.
HIDDEN_SHARE = 0.8
# Time with the number of rounds that the runtime chooses, over that of the best number.
CHOSEN_ROUNDS = 1.1

# Of four ranks on one machine: OpenMPI's time for an exchange over ours, from LARGE_EXCHANGE bytes to each rank on and below.
LARGE_EXCHANGE = 64 << 10
EXCHANGE_OF_MPI_LARGE = 1.5
EXCHANGE_OF_MPI = 1
# What a grid of one rank adds to the time of a layer, at the most.
ONE_RANK_US = 10
# The speed of two ranks of a thread each, over that of one rank of two threads, at the least.
TWO_RANKS_SPEED = 0.9
# Faults that the bench injects into groups, at the least.
FAULTS = 100
# The virtual GPU on one core: instructions of a lane, accesses of a lane, in 10^9 a second; a matrix instruction of a warp.
LANE_INSTRUCTIONS = 2
CHECKED_LANES = 0.15
MATRIX_NS = 1000
