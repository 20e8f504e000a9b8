const T=(m:string)=>console.error((performance.now()).toFixed(0).padStart(6), m);
T('start');
const { prewarm, openSandbox } = await import('./grader/sandbox/node/sandbox.ts');
T('sandbox imported'); prewarm();
const { gradeTopic } = await import('./grader/engine/grade.ts');
const { inSandbox } = await import('./grader/engine/subject.ts');
const { CHAPTERS } = await import('./grader/chapters.ts');
T('engine'); const ch = await CHAPTERS[0]!.load(); T('spec');
const dir='/tmp/wt/cli/solutions';
for (const t of ch.topics) {
  const s = await openSandbox({chapters:dir,standIns:dir,tensor:dir+'/tensor/index.ts',topic:ch.folder+'/'+t.name,mode:'grade'});
  T(t.name+' open');
  let last='';
  await gradeTopic(ch,t,inSandbox(s),{seed:1,onCheck:(e,c)=>{ if(last) T('   '+last); last=e.name+' '+c.id;}});
  T('   '+last);
  await s.close(); T('closed');
}
