// RUN: moe-opt %s --convert-rt-to-llvm --split-input-file --verify-diagnostics

// expected-note @+1 {{kernel @k}}
func.func private @k(%begin: index, %end: index) attributes {rt.kernel} {
  %c1 = arith.constant 1.0 : f32
  // expected-error @+1 {{not allowed in a kernel}}
  %m = memref.alloc() : memref<4xf32>
  memref.store %c1, %m[%begin] : memref<4xf32>
  %v = memref.load %m[%end] : memref<4xf32>
  memref.store %v, %m[%begin] : memref<4xf32>
  return
}
func.func @main() attributes {rt.entry} {
  return
}

// -----

// expected-error @+1 {{expects at least one function with rt.entry}}
module {}

// -----

// expected-error @+1 {{has two inputs of the name 'x'}}
func.func @main(%a: memref<4xf32> {rt.name = "x"}, %b: memref<4xf32> {rt.name = "x"}) attributes {rt.entry} {
  return
}

// -----

// expected-error @+1 {{an entry returns nothing here; --rt-place-outputs turns its results into outputs}}
func.func @main(%x: memref<4xf32>) -> memref<4xf32> attributes {rt.entry} {
  return %x : memref<4xf32>
}

// -----

// expected-error @+1 {{expects argument 0 of an entry to be a memref with the identity layout in the default memory space, got 'f32'}}
func.func @main(%x: f32) attributes {rt.entry} {
  return
}

// -----

// expected-error @+1 {{expects argument 0 of an entry to be a memref with the identity layout in the default memory space}}
func.func @main(%x: memref<4xf32, strided<[2]>>) attributes {rt.entry} {
  return
}

// -----

// expected-error @+1 {{in the default memory space, got 'memref<4xf32, "device">'}}
func.func @main(%x: memref<4xf32, "device">) attributes {rt.entry} {
  return
}

// -----

// expected-error @+1 {{input 'input0' has rank 9; the runtime's limit is 8}}
func.func @main(%x: memref<1x1x1x1x1x1x1x1x1xf32>) attributes {rt.entry} {
  return
}

// -----

// expected-error @+1 {{input 'n': the runtime has no dtype for 'i32' as u8}}
func.func @main(%x: memref<1xi32> {rt.name = "n", rt.dtype = "u8"}) attributes {rt.entry} {
  return
}

// -----

func.func @main(%x: memref<1xi32>) attributes {rt.entry} {
  // expected-error @+1 {{names output 0, but rt.outputs of @main lists 0}}
  %y = rt.output 0() : memref<1xi32>
  return
}

// -----

// expected-error @+1 {{has no body; artifacts call nothing but their own functions and the runtime}}
func.func private @puts(%x: index)
func.func @main() attributes {rt.entry} {
  return
}

// -----

func.func private @k(%begin: index, %end: index) attributes {rt.kernel} {
  return
}
func.func @main() attributes {rt.entry} {
  %c0 = arith.constant 0 : index
  // expected-error @+1 {{'k' is kernel code; kernels are run with rt.launch}}
  call @k(%c0, %c0) : (index, index) -> ()
  return
}

// -----

func.func @main(%x: memref<4xf32>) attributes {rt.entry} {
  %f = arith.constant 0.0 : f32
  // expected-error @+1 {{failed to legalize operation 'linalg.fill'}}
  linalg.fill ins(%f : f32) outs(%x : memref<4xf32>)
  return
}

// -----

// expected-error @+1 {{the runtime has no buffer of type 'tensor<?x1x1x1x1x1x1x1x1xf32>'}}
rt.state @s : tensor<?x1x1x1x1x1x1x1x1xf32> {axis = 0, capacity = 16}
func.func @main() attributes {rt.entry} {
  %s = rt.state_handle @s : !rt.state<tensor<?x1x1x1x1x1x1x1x1xf32>, axis = 0>
  %c1 = arith.constant 1 : index
  rt.append_state %s, %c1 : !rt.state<tensor<?x1x1x1x1x1x1x1x1xf32>, axis = 0>
  return
}

// -----

// expected-error @+1 {{the runtime has no buffer of type 'tensor<?xcomplex<f32>>'}}
rt.state @s : tensor<?xcomplex<f32>> {axis = 0, capacity = 16}
func.func @main() attributes {rt.entry} {
  %s = rt.state_handle @s : !rt.state<tensor<?xcomplex<f32>>, axis = 0>
  %c1 = arith.constant 1 : index
  rt.append_state %s, %c1 : !rt.state<tensor<?xcomplex<f32>>, axis = 0>
  return
}

// -----

func.func @main() attributes {rt.entry, rt.outputs = [#rt.value<"y", tensor<5xf32>>]} {
  // expected-error @+1 {{expects a memref of the type in rt.outputs, 'tensor<5xf32>', got 'memref<4xf32>'}}
  %0 = rt.output 0 () : memref<4xf32>
  return
}

// -----

// expected-error @+1 {{has an argument whose type has no LLVM counterpart: '(index, index, tensor<4xf32>) -> ()'}}
func.func private @k(%begin: index, %end: index, %x: tensor<4xf32>) attributes {rt.kernel} {
  return
}
func.func @main(%n: memref<4xf32>) attributes {rt.entry} {
  %t = bufferization.to_tensor %n restrict : memref<4xf32> to tensor<4xf32>
  %c4 = arith.constant 4 : index
  rt.launch @k units(%c4) (%t) : tensor<4xf32>
  return
}

// -----

// Code runs on buffers: a weight that is still a tensor was not bufferized.
rt.weight @w : tensor<4x4xf32> = #rt.file<"w", 0, tensor<4x4xf32>>
func.func @main(%x: memref<f32>) attributes {rt.entry} {
  // expected-error @+1 {{failed to legalize operation 'rt.get_weight'}}
  %0 = rt.get_weight @w : tensor<4x4xf32>
  %c1 = arith.constant 1 : index
  %1 = tensor.extract %0[%c1, %c1] : tensor<4x4xf32>
  memref.store %1, %x[] : memref<f32>
  return
}

// -----

// The runtime's memory comes from its pool; nothing else may be released to it.
func.func private @k(%begin: index, %end: index, %x: memref<4xf32>) attributes {rt.kernel} {
  return
}
func.func @main() attributes {rt.entry} {
  // expected-error @+1 {{wants memory aligned to 4096 bytes; the runtime aligns to 64}}
  %0 = memref.alloc() {alignment = 4096 : i64} : memref<4xf32>
  %c1 = arith.constant 1 : index
  rt.launch @k units(%c1) (%0) : memref<4xf32>
  memref.dealloc %0 : memref<4xf32>
  return
}

// -----

func.func private @k(%begin: index, %end: index, %x: memref<4x4xf32, strided<[8, 1]>>) attributes {rt.kernel} {
  return
}
func.func @main() attributes {rt.entry} {
  // expected-error @+1 {{allocates memory with a layout; the runtime's has none}}
  %0 = memref.alloc() : memref<4x4xf32, strided<[8, 1]>>
  %c1 = arith.constant 1 : index
  rt.launch @k units(%c1) (%0) : memref<4x4xf32, strided<[8, 1]>>
  memref.dealloc %0 : memref<4x4xf32, strided<[8, 1]>>
  return
}

// -----

func.func private @free(%x: memref<*xf32>) {
  // expected-error @+1 {{releases memory of unknown rank}}
  memref.dealloc %x : memref<*xf32>
  return
}
func.func @main(%x: memref<4xf32>, %y: memref<4x4xf32>) attributes {rt.entry} {
  %0 = memref.cast %x : memref<4xf32> to memref<*xf32>
  call @free(%0) : (memref<*xf32>) -> ()
  %1 = memref.cast %y : memref<4x4xf32> to memref<*xf32>
  call @free(%1) : (memref<*xf32>) -> ()
  return
}

// -----

module attributes {rt.grid = array<i64: 1, 2>} {
rt.exchange @experts axes [1] owners [0, 1] window 7
func.func @main(%x: memref<?x16xf32>, %offsets: memref<3xi32>) attributes {rt.entry} {
  %c0 = arith.constant 0 : index
  %n = memref.dim %x, %c0 : memref<?x16xf32>
  %part = memref.subview %x[0, 0] [%n, 8] [1, 1] : memref<?x16xf32> to memref<?x8xf32, strided<[16, 1]>>
  // expected-error @+2 {{the runtime moves rows that are adjacent, got 'memref<?x8xf32, strided<[16, 1]>>'}}
  // expected-error @+1 {{failed to legalize operation 'rt.begin_exchange'}}
  %rounds, %window = rt.begin_exchange @experts(%part, %offsets) : memref<?x8xf32, strided<[16, 1]>>, memref<3xi32>
  return
}
}
