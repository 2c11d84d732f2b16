// Exchanges on tensors and as memory.
// RUN: moe-opt %s --split-input-file | moe-opt --split-input-file | FileCheck %s
// RUN: moe-opt %s --split-input-file --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" --canonicalize --rt-release-buffers | FileCheck %s --check-prefix=MEMORY

module attributes {rt.grid = array<i64: 2, 2>} {
// CHECK: rt.exchange @experts axes [1] owners [0, 0, 1, 1] window 512 {chunks = 2 : i64, result_bytes = 32 : i64, row_bytes = 32 : i64, row_flops = 96 : i64}
rt.exchange @experts axes [1] owners [0, 0, 1, 1] window 512 {chunks = 2, row_bytes = 32, result_bytes = 32, row_flops = 96}
// CHECK: rt.weight @w : !llvm.ptr = #rt.pack<{{.*}}> {exchange = @experts}
rt.weight @w : !llvm.ptr = #rt.pack<#rt.file<"w", 0, tensor<4x6x8xf32>>, 1> {exchange = @experts}

// Results are one buffer through all rounds; what others read stays until the end.
// MEMORY-LABEL: func.func @rounds
// MEMORY-SAME: %[[X:[a-z0-9]+]]: memref<?x8xf32>, %[[SOURCE:[a-z0-9]+]]: memref<?xi32>, %[[OFFSETS:[a-z0-9]+]]: memref<5xi32>
// MEMORY: %[[OWN:.*]] = memref.alloc(%{{.*}}) {{.*}}: memref<?x8xf32>
// MEMORY: %[[ROUNDS:.*]], %[[WINDOW:.*]] = rt.begin_exchange @experts(%[[OWN]] gather %[[SOURCE]], %[[OFFSETS]]) : memref<?x8xf32> gather memref<?xi32>, memref<5xi32>
// MEMORY: %[[RESULTS:.*]] = memref.alloc(%{{.*}}) {{.*}}: memref<?x8xf32>
// MEMORY: scf.for %[[ROUND:.*]] = %{{.*}} to %[[ROUNDS]]
// MEMORY:   %[[RANGES:.*]] = memref.alloc() {{.*}}: memref<5xi32>
// MEMORY:   %[[MEMORY:.*]], %[[PLACES:.*]] = rt.receive_rows @experts[%[[ROUND]]] (%[[WINDOW]]) into %[[RANGES]] : memref<5xi32> -> memref<?x8xf32, strided<[1, 1]>>, memref<?xi64>
// MEMORY:   %[[MADE:.*]] = memref.alloc(%{{.*}}) {{.*}}: memref<?x8xf32>
// MEMORY:   linalg.generic {{.*}} ins(%[[PLACES]] : memref<?xi64>) outs(%[[MADE]] : memref<?x8xf32>)
// MEMORY:     memref.load %[[MEMORY]]
// MEMORY:   rt.return_rows @experts[%[[ROUND]]] %[[MADE]] into %[[RESULTS]] : memref<?x8xf32> into memref<?x8xf32>
// MEMORY:   memref.dealloc %[[MADE]]
// MEMORY: }
// MEMORY-NOT: memref.dealloc
// MEMORY: rt.end_exchange @experts(%[[OWN]] gather %[[SOURCE]], %[[OFFSETS]]) into %[[RESULTS]]
// MEMORY: memref.dealloc %[[OWN]]
// MEMORY: return %[[RESULTS]]
func.func @rounds(%x: tensor<?x8xf32>, %source: tensor<?xi32>, %offsets: tensor<5xi32>, %n: index) -> tensor<?x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %like = tensor.empty(%n) : tensor<?x8xf32>
  %own = linalg.exp ins(%x : tensor<?x8xf32>) outs(%like : tensor<?x8xf32>) -> tensor<?x8xf32>
  // CHECK: %[[ROUNDS:.*]], %[[WINDOW:.*]] = rt.begin_exchange @experts(%{{.*}} gather %{{.*}}, %{{.*}}) : tensor<?x8xf32> gather tensor<?xi32>, tensor<5xi32>
  %rounds, %window = rt.begin_exchange @experts(%own gather %source, %offsets) : tensor<?x8xf32> gather tensor<?xi32>, tensor<5xi32>
  %empty = tensor.empty(%n) : tensor<?x8xf32>
  %results = scf.for %round = %c0 to %rounds step %c1 iter_args(%to = %empty) -> tensor<?x8xf32> {
    %init = tensor.empty() : tensor<5xi32>
    // CHECK: %{{.*}}, %{{.*}}, %{{.*}} = rt.receive_rows @experts[%[[ROUND:.*]]] (%[[WINDOW]]) into %{{.*}} : tensor<5xi32> -> tensor<?x8xf32>, tensor<?xi64>, tensor<5xi32>
    %memory, %places, %ranges = rt.receive_rows @experts[%round](%window) into %init : tensor<5xi32> -> tensor<?x8xf32>, tensor<?xi64>, tensor<5xi32>
    %room = tensor.empty(%window) : tensor<?x8xf32>
    %made = linalg.generic {indexing_maps = [affine_map<(r, i) -> (r)>, affine_map<(r, i) -> (r, i)>],
                            iterator_types = ["parallel", "parallel"]} ins(%places : tensor<?xi64>) outs(%room : tensor<?x8xf32>) {
    ^bb0(%place: i64, %out: f32):
      %row = arith.index_cast %place : i64 to index
      %i = linalg.index 1 : index
      %element = tensor.extract %memory[%row, %i] : tensor<?x8xf32>
      %e = math.exp %element : f32
      linalg.yield %e : f32
    } -> tensor<?x8xf32>
    // CHECK: rt.return_rows @experts[%[[ROUND]]] %{{.*}} into %{{.*}} : tensor<?x8xf32> into tensor<?x8xf32> -> tensor<?x8xf32>
    %next = rt.return_rows @experts[%round] %made into %to : tensor<?x8xf32> into tensor<?x8xf32> -> tensor<?x8xf32>
    scf.yield %next : tensor<?x8xf32>
  }
  // CHECK: rt.end_exchange @experts(%{{.*}} gather %{{.*}}, %{{.*}}) into %{{.*}} : tensor<?x8xf32> gather tensor<?xi32>, tensor<5xi32> into tensor<?x8xf32> -> tensor<?x8xf32>
  %y = rt.end_exchange @experts(%own gather %source, %offsets) into %results : tensor<?x8xf32> gather tensor<?xi32>, tensor<5xi32> into tensor<?x8xf32> -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
}

// -----

module attributes {rt.grid = array<i64: 2>} {
rt.exchange @experts axes [0] owners [0, 1] window 1
// Rows that do not lie one after the other are copied, and the copy stays until the end.
// MEMORY-LABEL: func.func @strided
// MEMORY: %[[PART:.*]] = memref.subview
// MEMORY: %[[COPY:.*]] = memref.alloc
// MEMORY: memref.copy %[[PART]], %[[COPY]]
// MEMORY: rt.begin_exchange @experts(%[[COPY]], %{{.*}}) : memref<?x8xf32>, memref<3xi32>
// MEMORY-NOT: memref.dealloc
// MEMORY: rt.end_exchange @experts(%[[COPY]], %{{.*}}) into
// MEMORY: memref.dealloc %[[COPY]]
func.func @strided(%x: tensor<?x16xf32>, %offsets: tensor<3xi32>, %n: index) -> tensor<?x8xf32> {
  // CHECK: rt.begin_exchange @experts(%{{.*}}, %{{.*}}) : tensor<?x8xf32>, tensor<3xi32>
  %part = tensor.extract_slice %x[0, 4] [%n, 8] [1, 1] : tensor<?x16xf32> to tensor<?x8xf32>
  %rounds, %window = rt.begin_exchange @experts(%part, %offsets) : tensor<?x8xf32>, tensor<3xi32>
  %empty = tensor.empty(%n) : tensor<?x8xf32>
  %y = rt.end_exchange @experts(%part, %offsets) into %empty : tensor<?x8xf32>, tensor<3xi32> into tensor<?x8xf32> -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
}
