// RUN: moe-opt --split-input-file --verify-diagnostics %s

// expected-error @+1 {{expects the module to have 'rt.grid'}}
rt.exchange @experts axes [0] owners [0] window 1

// -----

// expected-error @+1 {{expects 'rt.grid' to be 1 to 32 sizes on a module, of at most 1048576 ranks in all}}
module attributes {rt.grid = array<i64: 1048576, 2>} {}

// -----

// expected-error @+1 {{expects 'rt.grid' to be 1 to 32 sizes on a module}}
module attributes {rt.grid = array<i64: 0>} {}

// -----

module attributes {rt.grid = array<i64: 2, 2>} {
  // expected-error @+1 {{expects one or more axes of the grid, each once, got [2]}}
  rt.exchange @experts axes [2] owners [0] window 1
}

// -----

module attributes {rt.grid = array<i64: 2, 2>} {
  // expected-error @+1 {{expects one or more axes of the grid, each once, got [1, 1]}}
  rt.exchange @experts axes [1, 1] owners [0] window 1
}

// -----

module attributes {rt.grid = array<i64: 2, 2>} {
  // expected-error @+1 {{expects an owner for each expert, and at least one expert}}
  rt.exchange @experts axes [1] owners [] window 1
}

// -----

module attributes {rt.grid = array<i64: 2, 2>} {
  // expected-error @+1 {{gives expert 1 to member 4 of a group of 4}}
  rt.exchange @experts axes [0, 1] owners [0, 4] window 1
}

// -----

module attributes {rt.grid = array<i64: 2>} {
  // expected-note @+1 {{declared here}}
  rt.exchange @experts axes [0] owners [0, 1] window 1
  // expected-error @+1 {{has 3 slabs, which cannot be equally many for 2 owners}}
  rt.weight @w : !llvm.ptr = #rt.pack<#rt.file<"w", 0, tensor<3x6x8xf32>>, 1> {exchange = @experts}
}

// -----

// expected-error @+1 {{@experts is not a 'rt.exchange' of this module}}
rt.weight @w : tensor<4xf32> = #rt.file<"w", 0, tensor<4xf32>> {exchange = @experts}

// -----

func.func @unknown(%x: tensor<?x8xf32>, %offsets: tensor<3xi32>) {
  // expected-error @+1 {{@experts is not a 'rt.exchange' of this module}}
  %rounds, %window = rt.begin_exchange @experts(%x, %offsets) : tensor<?x8xf32>, tensor<3xi32>
  return
}

// -----

module attributes {rt.grid = array<i64: 2>} {
  // expected-note @+1 {{declared here}}
  rt.exchange @experts axes [0] owners [0, 1] window 1
  func.func @offsets(%x: tensor<?x8xf32>, %offsets: tensor<4xi32>) {
    // expected-error @+1 {{expects 3 numbers, one more than experts, got 'tensor<4xi32>'}}
    %rounds, %window = rt.begin_exchange @experts(%x, %offsets) : tensor<?x8xf32>, tensor<4xi32>
    return
  }
}

// -----

module attributes {rt.grid = array<i64: 2>} {
  rt.exchange @experts axes [0] owners [0, 1] window 1
  func.func @length(%x: tensor<?x?xf32>, %offsets: tensor<3xi32>) {
    // expected-error @+1 {{expects rows of static length, got 'tensor<?x?xf32>'}}
    %rounds, %window = rt.begin_exchange @experts(%x, %offsets) : tensor<?x?xf32>, tensor<3xi32>
    return
  }
}

// -----

module attributes {rt.grid = array<i64: 2>} {
  rt.exchange @experts axes [0] owners [0, 1] window 1
  func.func @bits(%x: tensor<?x8xi1>, %offsets: tensor<3xi32>) {
    // expected-error @+1 {{expects elements of whole bytes, got 'tensor<?x8xi1>'}}
    %rounds, %window = rt.begin_exchange @experts(%x, %offsets) : tensor<?x8xi1>, tensor<3xi32>
    return
  }
}

// -----

module attributes {rt.grid = array<i64: 2>} {
  rt.exchange @experts axes [0] owners [0, 1] window 1
  func.func @result(%round: index, %rows: tensor<?x8xf32>, %all: tensor<?x8xf32>) {
    // expected-error @+1 {{expects what is written as a result of type 'tensor<?x8xf32>'}}
    rt.return_rows @experts[%round] %rows into %all : tensor<?x8xf32> into tensor<?x8xf32>
    return
  }
}

// -----

module attributes {rt.grid = array<i64: 2>} {
  rt.exchange @experts axes [0] owners [0, 1] window 1
  func.func @other(%round: index, %rows: memref<?x8xf32>, %all: memref<?x4xf32>) {
    // expected-error @+1 {{returns 'memref<?x8xf32>' into rows of another type, 'memref<?x4xf32>'}}
    rt.return_rows @experts[%round] %rows into %all : memref<?x8xf32> into memref<?x4xf32>
    return
  }
}

// -----

module attributes {rt.grid = array<i64: 2>} {
  rt.exchange @experts axes [0] owners [0, 1] window 1
  func.func @mixed(%round: index, %window: index, %ranges: memref<3xi32>) {
    // expected-error @+1 {{expects tensors or memrefs, got 'tensor<?x8xf32>' and 'memref<3xi32>'}}
    %rows, %places = rt.receive_rows @experts[%round](%window) into %ranges : memref<3xi32> -> tensor<?x8xf32>, tensor<?xi64>
    return
  }
}

// -----

module attributes {rt.grid = array<i64: 2>} {
  rt.exchange @experts axes [0] owners [0, 1] window 1
  func.func @static(%round: index, %window: index, %ranges: memref<3xi32>) {
    // expected-error @+1 {{expects a dynamic number of rows, got 'memref<4x8xf32, strided<[1, 1]>>' and 'memref<?xi64>'}}
    %rows, %places = rt.receive_rows @experts[%round](%window) into %ranges : memref<3xi32> -> memref<4x8xf32, strided<[1, 1]>>, memref<?xi64>
    return
  }
}

// -----

module attributes {rt.grid = array<i64: 2>} {
  // expected-error @+1 {{expects an owner for each part of each expert, got 3 for 2 parts}}
  rt.exchange @experts axes [0] owners [0, 1, 0] window 1 {parts = 2}
}

// -----

module attributes {rt.grid = array<i64: 2>} {
  // expected-note @+1 {{declared here}}
  rt.exchange @experts axes [0] owners [0, 1, 0, 1] window 1 {parts = 2}
  func.func @ranges(%round: index, %window: index, %ranges: memref<3xi32>) {
    // expected-error @+1 {{expects 5 numbers, one more than parts of experts, got 'memref<3xi32>'}}
    %rows, %places = rt.receive_rows @experts[%round](%window) into %ranges : memref<3xi32> -> memref<?x8xf32, strided<[1, 1]>>, memref<?xi64>
    return
  }
}

// -----

module attributes {rt.grid = array<i64: 2>} {
  rt.exchange @experts axes [0] owners [0, 1] window 1
  func.func @dense(%round: index, %window: index, %ranges: memref<3xi32>) {
    // expected-error @+1 {{expects rows at each element, 'memref<?x8xf32, strided<[1, 1]>>', got 'memref<?x8xf32>'}}
    %rows, %places = rt.receive_rows @experts[%round](%window) into %ranges : memref<3xi32> -> memref<?x8xf32>, memref<?xi64>
    return
  }
}

// -----

module attributes {rt.grid = array<i64: 2>} {
  // expected-note @+1 {{declared here}}
  rt.exchange @experts axes [0] owners [0, 1, 0, 1] window 1 {parts = 2}
  func.func @offsets(%rows: memref<?x8xf32>, %offsets: memref<5xi32>) {
    // expected-error @+1 {{expects 3 numbers, one more than experts, got 'memref<5xi32>'}}
    %rounds, %window = rt.begin_exchange @experts(%rows, %offsets) : memref<?x8xf32>, memref<5xi32>
    return
  }
}

// -----

module attributes {rt.grid = array<i64: 2>} {
  rt.exchange @experts axes [0] owners [0, 1, 0, 1] window 1 {parts = 2}
  func.func @width(%round: index, %rows: memref<?x8xf32>, %all: memref<?x8xf32>) {
    // expected-error @+1 {{returns 'memref<?x8xf32>' in 2 parts into rows of another type, 'memref<?x8xf32>'}}
    rt.return_rows @experts[%round] %rows into %all : memref<?x8xf32> into memref<?x8xf32>
    return
  }
}
