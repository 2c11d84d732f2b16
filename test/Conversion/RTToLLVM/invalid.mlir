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
