// RUN: moe-opt %s -split-input-file -bf16-as-integers -verify-diagnostics | FileCheck %s

// CHECK-LABEL: llvm.func @f(%{{.*}}: !llvm.ptr, %{{.*}}: i16, %{{.*}}: vector<4xi1>) -> i16
// CHECK-NOT: bf16
// CHECK: llvm.mlir.constant(dense<16256> : vector<4xi16>) : vector<4xi16>
// CHECK: llvm.mlir.constant(16256 : i16) : i16
// CHECK: llvm.load %{{.*}} : !llvm.ptr -> vector<4xi16>
// CHECK: llvm.select {{.*}} : vector<4xi1>, vector<4xi16>
// CHECK: llvm.getelementptr {{.*}} -> !llvm.ptr, i16
// CHECK: llvm.intr.masked.store %{{.*}} : vector<4xi16>, vector<4xi1> into !llvm.ptr
// CHECK-NOT: bf16
llvm.func @f(%p: !llvm.ptr, %x: bf16, %m: vector<4xi1>) -> bf16 {
  %c = llvm.mlir.constant(dense<1.0> : vector<4xbf16>) : vector<4xbf16>
  %s = llvm.mlir.constant(1.0 : bf16) : bf16
  %v = llvm.load %p : !llvm.ptr -> vector<4xbf16>
  %w = llvm.select %m, %c, %v : vector<4xi1>, vector<4xbf16>
  %q = llvm.getelementptr %p[4] : (!llvm.ptr) -> !llvm.ptr, bf16
  llvm.intr.masked.store %w, %q, %m {alignment = 2 : i32} : vector<4xbf16>, vector<4xi1> into !llvm.ptr
  llvm.return %s : bf16
}

// -----

llvm.func @arithmetic(%x: bf16) -> f32 {
  // expected-error @+1 {{computes in bf16, which is a storage type; expand it before bf16-as-integers}}
  %y = llvm.fpext %x : bf16 to f32
  llvm.return %y : f32
}

// -----

llvm.func @other_dialect(%x: bf16) {
  // expected-error @+1 {{is not of the llvm dialect; run convert-to-llvm before bf16-as-integers}}
  %y = arith.bitcast %x : bf16 to i16
  llvm.return
}
