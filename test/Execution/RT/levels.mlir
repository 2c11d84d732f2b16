// Each level's clone is inlined into its wrapper and uses that level's registers, and host code those of the baseline.
// RUN: moec-test-emit %s -o %t.o
// RUN: llvm-objdump -d --no-show-raw-insn --disassemble-symbols=moec.k_v2.entry %t.o | FileCheck %s --check-prefix=V2
// RUN: llvm-objdump -d --no-show-raw-insn --disassemble-symbols=moec.k_avx2.entry %t.o | FileCheck %s --check-prefix=AVX2
// RUN: llvm-objdump -d --no-show-raw-insn --disassemble-symbols=moec.k_avx512.entry %t.o | FileCheck %s --check-prefix=AVX512
// RUN: llvm-nm %t.o | FileCheck %s --check-prefix=SYMBOLS

// V2-NOT: {{[yz]mm|call}}
// V2: mulps {{.*}}xmm
// V2-NOT: {{[yz]mm|call}}
// AVX2-NOT: {{zmm|call}}
// AVX2: vmulps {{.*}}ymm
// AVX2-NOT: {{zmm|call}}
// AVX512-NOT: call
// AVX512: vmulps {{.*}}zmm
// AVX512-NOT: call
// The kernels themselves are gone.
// SYMBOLS-NOT: moec.k_v2{{$}}

rt.kernel @k {v2 = @k_v2, avx2 = @k_avx2, avx512 = @k_avx512}
func.func private @k_v2(%begin: index, %end: index, %x: memref<?x16xf32>) attributes {rt.kernel} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %begin to %end step %c1 {
    %v = vector.load %x[%i, %c0] : memref<?x16xf32>, vector<16xf32>
    %p = arith.mulf %v, %v : vector<16xf32>
    vector.store %p, %x[%i, %c0] : memref<?x16xf32>, vector<16xf32>
  }
  return
}
func.func private @k_avx2(%begin: index, %end: index, %x: memref<?x16xf32>)
    attributes {rt.kernel, prefer_vector_width = "256",
                target_features = #llvm.target_features<["+avx2", "+fma", "+f16c"]>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %begin to %end step %c1 {
    %v = vector.load %x[%i, %c0] : memref<?x16xf32>, vector<16xf32>
    %p = arith.mulf %v, %v : vector<16xf32>
    vector.store %p, %x[%i, %c0] : memref<?x16xf32>, vector<16xf32>
  }
  return
}
func.func private @k_avx512(%begin: index, %end: index, %x: memref<?x16xf32>)
    attributes {rt.kernel, prefer_vector_width = "512",
                target_features = #llvm.target_features<["+avx2", "+fma", "+f16c", "+avx512f", "+avx512bw", "+avx512dq", "+avx512vl"]>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %begin to %end step %c1 {
    %v = vector.load %x[%i, %c0] : memref<?x16xf32>, vector<16xf32>
    %p = arith.mulf %v, %v : vector<16xf32>
    vector.store %p, %x[%i, %c0] : memref<?x16xf32>, vector<16xf32>
  }
  return
}
func.func @main(%x: memref<?x16xf32>) attributes {rt.entry} {
  %c0 = arith.constant 0 : index
  %n = memref.dim %x, %c0 : memref<?x16xf32>
  rt.launch @k units(%n) (%x) : memref<?x16xf32>
  return
}
