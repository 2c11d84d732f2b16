// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Times MPI_Alltoallv between processes of one machine; exchange.h says how.
// usage: mpirun -n 4 exchange_mpi FILE [bound], where FILE is for memory of all.
#include "exchange.h"

#include <fcntl.h>
#include <mpi.h>
#include <string.h>
#include <sys/mman.h>

static int sendBytes[kRanks], sendAt[kRanks], receiveBytes[kRanks], receiveAt[kRanks], received;
static char *window;

void prepareExchange(struct Rank *rank) {
  int sent = 0;
  received = 0;
  for (int other = 0; other < kRanks; ++other) {
    sendBytes[other] = (int)(rank->rowsTo[other] * rank->rowBytes);
    receiveBytes[other] = (int)(rank->rowsFrom[other] * rank->rowBytes);
    sendAt[other] = sent;
    receiveAt[other] = received;
    sent += sendBytes[other];
    received += receiveBytes[other];
  }
  free(window);
  window = aligned_alloc(4096, (size_t)(received + 4095) / 4096 * 4096);
  if (!window)
    fail("no memory for the rows of an exchange");
}

void exchangeRows(struct Rank *rank) {
  meetAndBegin(rank);
  MPI_Alltoallv(rank->rows, sendBytes, sendAt, MPI_BYTE, window, receiveBytes, receiveAt, MPI_BYTE,
                MPI_COMM_WORLD);
  haveRead(rank, sumRows((const uint64_t *)window, received));
}

int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  struct Rank rank = {0};
  int ranks;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank.number);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  const int file = argc >= 2 && ranks == kRanks ? open(argv[1], O_RDWR | O_CREAT, 0600) : -1;
  if (file < 0 || ftruncate(file, sizeof(struct Shared)))
    fail("usage: mpirun -n 4 exchange_mpi FILE [bound]");
  rank.shared = mmap(NULL, sizeof(struct Shared), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (rank.shared == MAP_FAILED)
    fail("no memory for all ranks");
  if (argc == 3 && !strcmp(argv[2], "bound"))
    bindRank(&rank);
  serve(&rank);
  MPI_Finalize();
  return 0;
}
