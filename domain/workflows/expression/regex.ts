export class StepRegExp extends RegExp {}
