import { defineWorkflowTool } from '../define.js';
import { evidenceFields, expertFields, shortText, stepFields, textList } from '../fields.js';
import {
  choice,
  EVIDENCE_RULES,
  FILE_RULES,
  FILES_NEEDED,
  hasEvidence,
  isFirstStep,
  JSON_ANSWER,
  RECORD_EVIDENCE,
  reportedBySeverity,
  reportedIssues,
  severityFilter,
  skipWhenCertain,
  systemPrompt,
} from '../prompt-rules.js';

export const secaudit = defineWorkflowTool({
  name: 'secaudit',
  title: 'Audit security',
  description: 'Audit security step by step: OWASP, secrets, compliance; a model verifies at the end.',
  tier: 'advanced',
  category: 'EXTENDED_REASONING',
  annotations: { readOnlyHint: true, openWorldHint: true },
  unlisted: ['hypothesis'],
  fields: {
    ...stepFields,
    ...evidenceFields,
    security_scope: shortText('System under audit.').optional(),
    threat_level: choice(['low', 'medium', 'high', 'critical'], 'How exposed it is.'),
    compliance_requirements: textList('Such as GDPR.', 20),
    audit_focus: choice(
      ['owasp', 'compliance', 'infrastructure', 'dependencies', 'comprehensive'],
      'Part to audit.',
    ),
    severity_filter: severityFilter,
    ...expertFields,
  },
  alias: 'security_audit',
  completedStatus: 'security_analysis_complete',
  needsFiles: true,
  stages: [
    {
      when: isFirstStep,
      actions: [
        'Define the scope: what is protected, from whom, and which parts an attacker can reach.',
        'List every entry point with file:line: routes, sockets, queues, commands, uploads, webhooks, scheduled jobs.',
        'Draw the model of trust: who is authenticated where, which roles exist, where data crosses a boundary.',
        RECORD_EVIDENCE,
      ],
    },
    {
      when: ({ stepNumber }) => stepNumber === 2,
      actions: [
        'Authentication: how are credentials checked, stored, compared, limited and revoked? Which path misses the check?',
        'Authorization: for each entry point, where is the right to this very object checked? Look for ids taken from the request.',
        'Sessions and tokens: origin, entropy, lifetime, rotation, algorithm, cookie flags, logout, CSRF.',
      ],
    },
    {
      when: ({ stepNumber }) => stepNumber === 3,
      actions: [
        'Input: trace each untrusted value from its entry to where it is used; note validation at the boundary, type and size.',
        'Injection: SQL, shell, template, path, header, log, deserialisation, prompt, outbound addresses (SSRF).',
        'Output: encoding per context, content types, error messages and logs that tell too much.',
      ],
    },
    {
      when: ({ stepNumber }) => stepNumber === 4,
      actions: [
        'Cryptography: algorithms, modes, randomness, key storage and rotation, TLS verification.',
        'Secrets: in code, configuration, history, logs, images and client bundles. Report place and kind, never the value.',
        'Dependencies: versions from the lock file against known advisories; install scripts; abandoned packages.',
        'Configuration: defaults, debug switches, CORS, headers, permissions, container user, open ports.',
      ],
    },
    {
      when: ({ stepNumber }) => stepNumber === 5,
      actions: [
        'Go through the OWASP Top 10, A01 to A10: for each say vulnerable, safe (by which code) or not applicable.',
        'Map findings and gaps to compliance_requirements, naming the requirement.',
        'Check detection: are failed logins, refused access and admin actions logged, and would anyone notice?',
      ],
    },
    {
      when: () => true,
      actions: [
        'Verify each finding: write the attack as steps with preconditions; if a control stops it, drop it or lower it.',
        'Rank by impact and exploitability at the given threat_level; put severity, file and line into issues_found.',
        'Give each finding the smallest effective remedy, and note the controls that work and must stay.',
      ],
    },
  ],
  reported: reportedIssues,
  status: (view) => ({
    vulnerabilities_by_severity: reportedBySeverity(view),
    audit_confidence: view.gathered.confidence,
  }),
  expert: {
    prompt: prompt(),
    instruction:
      'Verify and rank the findings, and add what was missed. Keep to security_scope, threat_level (default medium), audit_focus (default comprehensive) and compliance_requirements; report only findings that severity_filter lets through.',
    defaults: { temperature: 0.2, thinkingMode: 'minimal' },
    skip: skipWhenCertain('skipped_due_to_certain_audit_confidence'),
    isWorthIt: hasEvidence,
  },
});

function prompt(): string {
  return systemPrompt(
    `You are a security auditor with experience in attack and defence. An AI agent has audited code in steps for its owner; you see its notes and the files. You verify, rank and complete the audit.`,
    `Method
- Think as an attacker with what is reachable: entry, precondition, steps, gain. No attack path, no vulnerability: call it hardening, severity low.
- Follow untrusted data from source to sink, and look for the control on the way before you report its absence.
- Check authorization per object, not per route. Check what happens on failure: does it fail closed?
- Never repeat a secret you see; give its place and kind.
- Remedies are concrete for this code and stack: the change itself, not advice to "validate input".
- severity_filter names the least severity to report: "high" means critical and high. "all" reports everything.`,
    `Severity
- critical: an outsider takes over accounts or hosts, runs code, or reads or changes data at large; now.
- high: serious harm with a common precondition, such as any valid account.
- medium: limited harm, or a precondition that is hard to meet.
- low: hardening, defence in depth.
Shift by threat_level: how exposed the system is and how able its attackers are.`,
    EVIDENCE_RULES,
    FILE_RULES,
    `Answer
${JSON_ANSWER} In owasp_assessment every key from A01 to A10 is present (names of OWASP Top 10 2021) with the shape shown for A01. file_references are "path:line" strings.
{"status": "security_analysis_complete", "summary": "", "investigation_steps": [""], "security_findings": [{"category": "A01 or other", "severity": "critical|high|medium|low", "vulnerability": "", "description": "", "impact": "", "exploitability": "steps and preconditions", "evidence": "the code that proves it", "remediation": "", "timeline": "immediate|short term|medium term", "file_references": [""], "function_name": "", "start_line": 1, "end_line": 2}], "owasp_assessment": {"A01": {"name": "Broken Access Control", "status": "vulnerable|secure|not_applicable|not_checked", "findings": [""], "recommendations": [""]}}, "compliance_assessment": [{"standard": "", "status": "compliant|partial|not_compliant|not_checked", "gaps": [""], "recommendations": [""]}], "risk_assessment": {"overall_risk": "critical|high|medium|low", "threat_landscape": "", "attack_vectors": [""], "business_impact": ""}, "remediation_roadmap": [{"priority": "critical|high|medium|low", "timeline": "", "actions": [""], "dependencies": [""]}], "positive_security_findings": [""], "monitoring_recommendations": [""], "investigation_summary": ""}`,
    FILES_NEEDED,
  );
}
